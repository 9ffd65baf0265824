// Flags of the commands that stream a model from files to files.
#include <array>
#include <charconv>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;

struct SizeUnit {
  std::string_view word;
  std::uint64_t bytes;
};

// As transformers has them; a number without a unit counts bytes.
constexpr std::array<SizeUnit, 7> kUnits = {{{"", 1},
                                             {"KB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"KiB", 1 << 10},
                                             {"MiB", 1 << 20},
                                             {"GiB", 1 << 30}}};
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

[[noreturn]] void refuse_size(const FlagValue& value, const char* code) {
  throw_usage({code, value.where, "'" + value.text + "'", "a size from 1 byte to 2^60, e.g. 5GB",
               "units are KB, MB, GB, KiB, MiB and GiB"});
}

std::uint64_t parse_size(const FlagValue& value) {
  std::uint64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [rest, error] = std::from_chars(value.text.data(), end, number);
  if (error == std::errc::result_out_of_range) refuse_size(value, "CL-03");
  if (error != std::errc()) refuse_size(value, "CL-02");
  for (const SizeUnit& unit : kUnits) {
    if (std::string_view(rest, end) != unit.word) continue;
    if (number == 0 || number > kMostBytes / unit.bytes) refuse_size(value, "CL-03");
    return number * unit.bytes;
  }
  refuse_size(value, "CL-02");
}

// In the largest decimal unit that divides it.
std::string size_text(std::uint64_t bytes) {
  std::string text = std::to_string(bytes);
  for (const SizeUnit& unit : std::span(kUnits).first(4)) {
    if (bytes % unit.bytes == 0) text = std::to_string(bytes / unit.bytes).append(unit.word);
  }
  return text;
}

Flag shard_size_flag() {
  return {"max_shard_size",
          "SIZE",
          "largest file of weights, e.g. 500MB",
          FlagKind::kValue,
          [](const FlagValue& value, CommandLine& line) {
            line.save.max_shard_size = parse_size(value);
          },
          [](const CommandLine& line) { return size_text(line.save.max_shard_size); }};
}

}  // namespace

void add_stream_flags(std::vector<FlagRow>& rows) {
  Group group("Saving", rows);
  group.add({kRotate, kQuantize},
            word_flag({"save_dtype", "floats in the files; source: as in the checkpoint"},
                      at(&CommandLine::save, &SaveOptions::dtype)));
  group.add({kRotate, kQuantize}, shard_size_flag());
}

}  // namespace trainer
