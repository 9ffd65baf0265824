// CD-06: a program and two shared objects, each with its own copy of the library, in many threads.
#include <cstdio>
#include <thread>

#include "tests/library/shared_objects/codes.h"

int main() {
  const std::vector<std::uint8_t> own = fixed_codes();
  if (codes_before_main() != own) return std::puts("other codes before main"), 1;
  std::vector<std::vector<std::uint8_t>> found(64);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] { found[i] = i % 2 == 0 ? codes_of_a() : codes_of_b(); });
  for (std::thread& t : threads) t.join();
  for (const auto& codes : found)
    if (codes != own) return std::puts("other codes from a shared object"), 1;
  return 0;
}
