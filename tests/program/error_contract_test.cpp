// The contract of docs/contract.md for every bad file: an exit code of the table, one line of the
// stated form, no signal, nothing written, time and memory in proportion to the file.
#include <fcntl.h>
#include <sys/resource.h>

#include <map>
#include <regex>
#include <set>

#include "tests/program/mutations.h"
#include "tests/program/program.h"

namespace trainer::test {
namespace {

struct Measured {
  Outcome outcome;
  double seconds = 0;           // of processor time
  std::int64_t peak_bytes = 0;  // resident
};

// Runs the program without a shell, so that what is measured is the program.
Measured measured_run(const Words& arguments, const fs::path& scratch) {
  const std::string out = scratch / "stdout", err = scratch / "stderr";
  std::vector<char*> words;
  std::string program = ROSTE_PROGRAM;
  Words copy = arguments;
  words.push_back(program.data());
  for (std::string& word : copy) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    ::execv(program.c_str(), words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  Measured run;
  run.outcome = {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(out),
                 read_text(err)};
  run.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  run.peak_bytes = std::int64_t{usage.ru_maxrss} * 1024;  // Linux counts in KiB
  fs::remove(out);
  fs::remove(err);
  return run;
}

// Every file below a directory with its contents.
std::map<std::string, std::string> contents_of(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    found[entry.path()] = entry.is_regular_file() ? read_text(entry.path()) : "";
  return found;
}

// One kind of file and a command that reads it.
struct Reader {
  std::string name;  // of the test
  std::string file;  // below the stage
  int least;         // refused files, of kMutations + 4
  Words command;     // OUT stands for a directory that must not exist afterwards
};

void PrintTo(const Reader& reader, std::ostream* out) { *out << reader.name; }

// The files of all kinds, made once and spoiled one at a time.
class ErrorContract : public testing::TestWithParam<Reader> {
 protected:
  ErrorContract() {
    fs::create_directories(stage_);
    fs::create_directories(streams_);
    fs::copy(tiny_model(), stage_ / "model", fs::copy_options::recursive);
    fs::copy(tiny_data("train"), stage_ / "data.jsonl");
    write_text(stage_ / "recipe.yaml", "max_steps: 1\nlearning_rate: 1e-3\nsave_steps: 5\n");
    if (needs("codes")) make({"quantize", "--method", "rtn", "--rotations", "1111"}, "codes");
    if (needs("shards")) make({"rotate", "--max_shard_size", "60KB"}, "shards");
    if (needs("lora"))
      make({"train", "--method", "lora", "--max_steps", "1", "--dataset", data()}, "lora");
    if (needs("search"))
      make({"search", "--calibration_samples", "2", "--dataset", data()}, "search");
  }

  std::string data() const { return stage_ / "data.jsonl"; }
  bool needs(const std::string& folder) const { return GetParam().file.rfind(folder, 0) == 0; }
  void make(const Words& command, const std::string& folder) {
    const Outcome made = run_program(
        command + Words{"--model_name_or_path", stage_ / "model", "--output_dir", stage_ / folder});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  Words arguments() const {
    Words words = GetParam().command;
    for (std::string& word : words) {
      if (word == "OUT") word = "@out";
      if (word[0] == '@') word = stage_ / word.substr(1);
    }
    return words;
  }

  // True where the program refused the file. What it must not do is checked either way.
  bool try_file(const std::string& contents, const Measured& good) {
    const fs::path file = stage_ / GetParam().file;
    write_text(file, contents);
    const auto before = contents_of(stage_);
    const Measured run = measured_run(arguments(), streams_);
    const Outcome& o = run.outcome;
    const auto size = static_cast<std::int64_t>(contents.size());
    if (!kAddressSanitizer) {
      EXPECT_LE(run.peak_bytes, good.peak_bytes + 16 * size + (std::int64_t{8} << 20));
    }
    EXPECT_LE(run.seconds, good.seconds + 1.0 + static_cast<double>(size) / (1 << 20));
    if (o.exit_code == 0) {
      fs::remove_all(stage_ / "out");
      return false;
    }
    static const std::regex form("error: ([A-Z]{2}-[0-9]{2}) .+: got .+, expected .+\n");
    const std::set<int> codes = {2, 3, 4, 5, 7};
    EXPECT_TRUE(codes.contains(o.exit_code)) << o.exit_code << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
    EXPECT_TRUE(o.err.size() < 4000 && std::regex_match(o.err, form)) << o.err;
    for (const char c : o.err) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 32);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(contents_of(stage_) == before) << "files changed: " << o.err;
    return true;
  }

  const Scratch scratch_;
  const fs::path stage_ = scratch_ / "stage", streams_ = scratch_ / "streams";
};

std::string mutated(const std::string& text, const std::string& file, Dice& dice) {
  const bool json = file.ends_with(".json"), tensors = file.ends_with(".safetensors");
  const auto value = [&](const std::string& t) {
    return with_another_value(nlohmann::ordered_json::parse(t), dice);
  };
  const auto bytes = [&](const std::string& t) { return with_other_bytes(t, dice); };
  const std::size_t way = dice.below(3);
  if (json && way > 0) return value(text);
  if (tensors && way == 1) return with_another_header(text, value);
  if (tensors && way == 2) return with_another_header(text, bytes);
  return bytes(text);
}

constexpr int kMutations = 24;

TEST_P(ErrorContract, MalformedFilesGiveOneLineAndNothingElse) {
  const std::string text = read_text(stage_ / GetParam().file);
  ASSERT_FALSE(text.empty());
  const Measured good = measured_run(arguments(), streams_);
  ASSERT_EQ(good.outcome.exit_code, 0) << good.outcome.err;
  fs::remove_all(stage_ / "out");
  int refused = 0;
  for (int seed = 0; seed < kMutations; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(static_cast<std::uint64_t>(seed));
    if (try_file(mutated(text, GetParam().file, dice), good)) ++refused;
  }
  // Files that are far larger than what they say, as nesting, and as one word.
  for (const std::string& large :
       {std::string(1 << 15, '['), std::string(1 << 20, '['), std::string(1 << 20, 'x'),
        "{\"a\":\"" + std::string(1 << 20, '\\') + "\"}"}) {
    if (try_file(large, good)) ++refused;
  }
  RecordProperty("refused", refused);
  std::printf("%d of %d files refused\n", refused, kMutations + 4);
  EXPECT_GE(refused, GetParam().least);
}

const Reader kReaders[] = {
    {"Weights",
     "model/model.safetensors",
     20,
     {"rotate", "--model_name_or_path", "@model", "--output_dir", "OUT", "--quiet"}},
    {"Config",
     "model/config.json",
     22,
     {"rotate", "--model_name_or_path", "@model", "--output_dir", "OUT", "--quiet"}},
    {"Tokenizer",
     "model/tokenizer.json",
     22,
     {"eval", "--model_name_or_path", "@model", "--dataset", "@data.jsonl", "--max_samples", "2",
      "--max_new_tokens", "1", "--quiet"}},
    {"Rows",
     "data.jsonl",
     15,
     {"train", "--method", "sft", "--model_name_or_path", "@model", "--dataset", "@data.jsonl",
      "--max_steps", "1", "--max_new_tokens", "1", "--output_dir", "OUT", "--quiet"}},
    {"Recipe",
     "recipe.yaml",
     22,
     {"train", "--recipe", "@recipe.yaml", "--method", "sft", "--model_name_or_path", "@model",
      "--dataset", "@data.jsonl", "--max_new_tokens", "1", "--output_dir", "OUT", "--quiet"}},
    {"RosteJson",
     "codes/roste.json",
     22,
     {"eval", "--model_name_or_path", "@codes", "--dataset", "@data.jsonl", "--max_samples", "2",
      "--max_new_tokens", "1", "--quiet"}},
    {"Codes",
     "codes/model.safetensors",
     20,
     {"eval", "--model_name_or_path", "@codes", "--dataset", "@data.jsonl", "--max_samples", "2",
      "--max_new_tokens", "1", "--quiet"}},
    {"Index",
     "shards/model.safetensors.index.json",
     22,
     {"eval", "--model_name_or_path", "@shards", "--dataset", "@data.jsonl", "--max_samples", "2",
      "--max_new_tokens", "1", "--quiet"}},
    {"Adapter",
     "lora/adapters/adapter.json",
     22,
     {"merge", "--model_name_or_path", "@model", "--adapters", "@lora/adapters", "--output_dir",
      "OUT", "--quiet"}},
    {"Adapters",
     "lora/adapters/adapter.safetensors",
     24,
     {"merge", "--model_name_or_path", "@model", "--adapters", "@lora/adapters", "--output_dir",
      "OUT", "--quiet"}},
    {"Search",
     "search/search.json",
     9,
     {"rotate", "--rotations", "@search/search.json", "--model_name_or_path", "@model",
      "--output_dir", "OUT", "--quiet"}},
};
INSTANTIATE_TEST_SUITE_P(Kinds, ErrorContract, testing::ValuesIn(kReaders),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace trainer::test
