#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

// Thousands of saves with a few fsyncs each: in memory, where there is such a file system.
int main(int argc, char** argv) {
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 0);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
