#include "tests/fuzz/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "tests/fuzz/contract.h"

namespace trainer::fuzz {

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "fuzz_XXXXXX").string();
  require(::mkdtemp(name.data()) != nullptr, "no temporary directory");
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ScratchFile::ScratchFile(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  require(descriptor_.get() >= 0, "no scratch file");
}

void ScratchFile::set(std::string_view bytes) const {
  const ssize_t written = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), 0);
  require(
      written == static_cast<ssize_t>(bytes.size()) && ::ftruncate(descriptor_.get(), written) == 0,
      "a scratch file cannot be written");
}

}  // namespace trainer::fuzz
