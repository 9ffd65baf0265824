// Settings of the process and its threads that a long computation wants; programs call them in
// main.
#pragma once

namespace trainer {

// Sets flush-to-zero and denormals-are-zero for the calling thread: gradients that have faded to
// denormals made a training step five to seven times slower. Workers of a ThreadPool do it
// themselves.
void flush_denormals_in_this_thread();

// Lets the allocator keep freed blocks of up to 32 MiB. Products and attention allocate a few
// hundred KiB of scratch per task; by default glibc hands such blocks back to the kernel at once,
// and faulting the pages in again took half of the time of a product of 256 x 4096 x 256 (860
// faults).
void keep_freed_scratch_memory();

}  // namespace trainer
