// Writes the report of invented numbers: write_demo <directory>.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "reference_trainer/report/report_files.h"
#include "tests/report/demo_report.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_demo <directory>\n";
    return 2;
  }
  for (const trainer::ReportFile& file : trainer::report_files(trainer::demo_report())) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / file.name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << file.bytes << std::flush;
    if (!out) {
      std::cerr << "write_demo: cannot write " << path << "\n";
      return 1;
    }
  }
}
