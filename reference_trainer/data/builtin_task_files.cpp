#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/builtin_task.h"

namespace trainer {
namespace {

using Row = nlohmann::ordered_json;

Row row_of(const Post& post) { return {{"prompt", post.prompt}, {"completion", post.completion}}; }

Row row_of(const std::string& document) { return {{"text", document}}; }

void check_written(const std::ofstream& file, const std::filesystem::path& path) {
  if (file) return;
  throw_io({"CK-02", path.string(), "", "a file of the built-in task that can be written",
            "check that the directory exists and that the disk has space"},
           errno);
}

template <class Item>
void write_rows(const std::filesystem::path& path, const std::vector<Item>& items) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  check_written(file, path);
  for (const Item& item : items) file << row_of(item).dump() << '\n';
  file.close();  // the last block may only now reach the disk and fail
  check_written(file, path);
}

}  // namespace

void write_builtin_task(const std::filesystem::path& directory, std::uint64_t seed,
                        const BuiltinTaskSizes& sizes) {
  const BuiltinTask task = make_builtin_task(seed, sizes);
  write_rows(directory / "train.jsonl", task.train);
  write_rows(directory / "calibration.jsonl", task.calibration);
  write_rows(directory / "validation.jsonl", task.validation);
  write_rows(directory / "test.jsonl", task.test);
  write_rows(directory / "pretraining.jsonl", pretraining_documents(seed, sizes.pretraining));
}

}  // namespace trainer
