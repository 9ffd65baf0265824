// Regular files, read by position and written to the end: every loop survives signals and short
// transfers, and every failure names the file and the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace trainer {

// Owns a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return descriptor_; }
  // close(), with its result: 0, or an errno value (the disk quota may be found exceeded only
  // here).
  int close();

 private:
  int descriptor_;
};

enum class Links { kFollow, kRefuse };

// Under which codes a file that cannot be used is reported.
struct OpenRules {
  std::string missing_code = "IO-01";     // there is no such file
  std::string not_a_file_code = "IO-01";  // a directory, a FIFO, a device, or a refused link
  Links links = Links::kFollow;
};

class InputFile {
 public:
  // Opens a regular file without ever blocking. Throws Error(kBadInput) with the codes of `rules`,
  // Error(kIo) where the operating system refuses.
  static InputFile open(const std::filesystem::path& path, const OpenRules& rules);

  const std::filesystem::path& path() const { return path_; }
  // Bytes, as of open().
  std::uint64_t size() const { return size_; }
  // Fills `bytes` from `offset` on. Throws Error(kIo, ST-13) when the file ends early.
  void read_at(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  InputFile(FileDescriptor descriptor, std::filesystem::path path, std::uint64_t size);

  FileDescriptor descriptor_;
  std::filesystem::path path_;
  std::uint64_t size_;
};

class OutputFile {
 public:
  // Creates or truncates `path`. Throws Error(kIo, IO-02).
  static OutputFile create(const std::filesystem::path& path);

  // Appends. Throws Error(kIo, IO-02) naming the byte offset.
  void write(std::span<const std::byte> bytes);
  // fsync and close; a failure is final (a second fsync could falsely succeed). Throws Error(kIo).
  void finish();

 private:
  OutputFile(FileDescriptor descriptor, std::filesystem::path path);

  FileDescriptor descriptor_;
  std::filesystem::path path_;
  std::uint64_t written_ = 0;
};

// Creates or truncates `path`, writes `contents`, fsyncs. Throws Error(kIo, IO-02).
void write_whole_file(const std::filesystem::path& path, std::span<const std::byte> contents);

// fsync of a file or directory that exists. Throws Error(kIo, IO-02).
void sync_path(const std::filesystem::path& path);

}  // namespace trainer
