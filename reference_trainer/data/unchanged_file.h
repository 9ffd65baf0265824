// A data set is one set of rows for the whole run: a file that somebody replaces, appends to or
// truncates meanwhile is noticed.
#pragma once

#include <cstdint>
#include <filesystem>

namespace trainer {

// What tells one state of a file from another.
struct FileState {
  std::uint64_t device = 0, inode = 0, bytes = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  friend bool operator==(const FileState&, const FileState&) = default;
};

class UnchangedFile {
 public:
  // Remembers the state of `path` as it is now; a file that is missing is for its reader to refuse.
  explicit UnchangedFile(std::filesystem::path path);

  // Throws Error DS-06 where `path` is in another state than at first.
  void require() const;
  // Throws Error DS-06: for a reader that found other contents in spite of an equal state.
  [[noreturn]] void refuse_contents() const;

 private:
  std::filesystem::path path_;
  FileState first_;
};

}  // namespace trainer
