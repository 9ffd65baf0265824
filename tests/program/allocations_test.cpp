// Memory that ends at any allocation of a whole command.
#include <cerrno>
#include <cstring>

#include "tests/program/survival.h"

namespace trainer::test {
namespace {

// Allocations looked at: every kStride-th, or all where ROSTE_EVERY_ALLOCATION is set.
constexpr long kStride = 97;

std::string allocations(const std::string& setting) {
  return "LD_PRELOAD=" + quoted(ALLOCATION_PRELOAD) + " ROSTE_ALLOCATION_" + setting;
}

enum class Ends { kForOneCall, kForGood };

// A model is made whole or not at all, with one line that says why, wherever memory ends: DF-05, or
// the code of a system call that had none. A line about what was being let go of comes from a
// process that ended at once, as by SIGKILL, and may leave its hidden directory to the next sweep.
class EveryAllocation : public testing::TestWithParam<Ends> {};

TEST_P(EveryAllocation, DF05_OfACommandFails) {
  if (kAddressSanitizer) GTEST_SKIP() << "the sanitizer has an allocator of its own";
  const Scratch scratch;
  const fs::path place = scratch / "place", out = place / "out";
  fs::create_directories(place);
  const Words quantize{
      "quantize",  "--quiet", "--model_name_or_path", tiny_model(), "--output_dir", out,
      "--threads", "1"};
  const std::string counter = "COUNT=" + quoted(scratch / "count");
  ASSERT_EQ(run_program(quantize, allocations(counter)).exit_code, 0);
  const std::string whole = read_text(out / "model.safetensors");
  const long all = std::atol(read_text(scratch / "count").c_str());
  ASSERT_GT(all, 1000);
  const long stride = std::getenv("ROSTE_EVERY_ALLOCATION") != nullptr ? 1 : kStride;
  long refused = 0, at_once = 0;
  for (long n = 1; n <= all; n += stride) {
    fs::remove_all(place);
    fs::create_directories(place);
    std::string settings = allocations("AT=" + std::to_string(n));
    if (GetParam() == Ends::kForGood) settings += " ROSTE_ALLOCATION_LAST=1000000000";
    const Outcome got = run_program(quantize, settings);
    const std::string what = "allocation " + std::to_string(n) + ": " + got.err;
    if (fs::exists(out)) {
      EXPECT_TRUE(read_text(out / "model.safetensors") == whole) << what;
    }
    if (got.exit_code == 0) {
      EXPECT_TRUE(fs::exists(out)) << what;
      continue;
    }
    ++refused;
    expect_one_error_line(got, what);
    EXPECT_TRUE(got.err.starts_with("error: DF-05 ") ||
                got.err.find(std::strerror(ENOMEM)) != std::string::npos)
        << what;
    if (got.err.find("while letting go") != std::string::npos) {
      ++at_once;
    } else {
      expect_nothing_hidden(place, what);
    }
  }
  EXPECT_GT(refused, 0);
  std::printf("%ld allocations, every %ld-th: %ld refusals, %ld of them at once\n", all, stride,
              refused, at_once);
}

INSTANTIATE_TEST_SUITE_P(Memory, EveryAllocation,
                         testing::Values(Ends::kForOneCall, Ends::kForGood), [](const auto& ends) {
                           return ends.param == Ends::kForOneCall ? "EndsForOneCall"
                                                                  : "EndsForGood";
                         });

}  // namespace
}  // namespace trainer::test
