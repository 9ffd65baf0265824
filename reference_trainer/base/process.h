// Settings of the process and its threads that a long computation wants; programs call them in
// main, before they construct a ThreadPool.
#pragma once

#include <cstdint>
#include <string>

namespace trainer {

// Fills the places of stdin, stdout and stderr where the caller has closed them, so that no file
// which is opened later takes one of these numbers and receives what was meant for a person. Using
// them fails as before.
void reserve_standard_streams();

// The processor as its maker calls it, e.g. "AMD EPYC 9575F 64-Core Processor"; "unknown processor"
// where the system does not tell.
std::string processor_name();

// The most memory of this process that was resident at one time so far, in bytes; 0 where the
// system does not tell. Pages of files that are read with pread are not counted.
std::uint64_t peak_resident_bytes();

// Bytes that this process can still take: what the system calls available, or what is left of the
// control group's limit if that is less. The largest number where the system does not tell.
std::uint64_t available_bytes();

// Sets flush-to-zero and denormals-are-zero for the calling thread: gradients that have faded to
// denormals made a training step five to seven times slower. Workers of a ThreadPool that is
// constructed afterwards do the same.
void flush_denormals_in_this_thread();

// How a thread rounds and what it does with denormals and floating-point exceptions: the control
// bits of MXCSR; nothing on processors without it.
class FloatingPointMode {
 public:
  static FloatingPointMode of_this_thread();
  void apply_to_this_thread() const;

 private:
  unsigned control_ = 0;
};

// Lets the allocator keep freed blocks of up to 32 MiB. Products and attention allocate a few
// hundred KiB of scratch per task; by default glibc hands such blocks back to the kernel at once,
// and faulting the pages in again took half of the time of a product of 256 x 4096 x 256 (860
// faults).
void keep_freed_scratch_memory();

}  // namespace trainer
