// A file that only grows: what is in it stays readable while a run goes on.
#pragma once

#include <filesystem>
#include <string_view>

namespace trainer {

class AppendFile {
 public:
  // Creates `path` where it is absent; its directory exists. Throws Error(kIo), DF-03.
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Hands `bytes` to the operating system. Throws Error(kIo), DF-03.
  void append(std::string_view bytes);

  // Whether the last byte of a non-empty file is not a line end.
  bool ends_inside_line() const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace trainer
