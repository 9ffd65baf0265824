// P30: random walks over what can happen to a run's checkpoints, against a model that a map of step
// numbers makes: the newest whole checkpoint is found, whatever was damaged, killed or swept.
#include <algorithm>
#include <map>
#include <random>

#include "reference_trainer/io/checkpoint.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::read_text;
using testing::write_text;

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void step() {
    switch (random_() % 6) {
      case 0:
      case 1:
        return save();
      case 2:
        return damage();
      case 3:
        return lose_a_file();
      case 4:
        return die_while_saving();
      default:
        return prune();
    }
  }

  void expect_the_model() const {
    const auto found = find_newest_checkpoint(run_);
    const auto newest = std::find_if(whole_.rbegin(), whole_.rend(),
                                     [](const auto& entry) { return entry.second; });
    ASSERT_EQ(found.has_value(), newest != whole_.rend()) << history_;
    if (!found) return;
    EXPECT_EQ(found->info.step, newest->first) << history_;
    EXPECT_EQ(found->skipped.size(),
              static_cast<std::size_t>(std::distance(whole_.rbegin(), newest)))
        << history_;
    float value = 0;
    SafetensorsFile::open(found->directory / "state.safetensors")
        .read_floats("weight", std::span(&value, 1));
    EXPECT_EQ(value, static_cast<float>(newest->first)) << history_;
  }

 private:
  std::filesystem::path directory_of(std::int64_t step) const {
    return run_ / "checkpoints" / ("step-" + std::to_string(step));
  }

  void note(const std::string& what) { history_ += what + "; "; }

  // A new step, or one that an earlier run left behind.
  void save() {
    const auto step = static_cast<std::int64_t>(random_() % 30);
    note("save " + std::to_string(step));
    const float value = static_cast<float>(step);
    const std::vector<FloatTensorView> tensors = {{"weight", {1}, std::span(&value, 1)}};
    save_checkpoint(run_, {step, {{"seed", 7}}}, tensors);
    whole_[step] = true;
  }

  std::int64_t any_step() {
    auto entry = whole_.begin();
    std::advance(entry, static_cast<std::int64_t>(random_() % whole_.size()));
    return entry->first;
  }

  std::filesystem::path any_file(std::int64_t step) {
    return directory_of(step) / (random_() % 2 == 0 ? "state.safetensors" : "MANIFEST.json");
  }

  void damage() {
    if (whole_.empty()) return;
    const std::int64_t step = any_step();
    const std::filesystem::path path = any_file(step);
    if (!whole_[step]) return;  // a second flip could undo the first
    std::string bytes = read_text(path);
    const std::size_t place = random_() % bytes.size();
    note("damage " + path.string() + " at " + std::to_string(place));
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << (random_() % 8)));
    write_text(path, bytes);
    whole_[step] = false;
  }

  void lose_a_file() {
    if (whole_.empty()) return;
    const std::int64_t step = any_step();
    const std::filesystem::path path = any_file(step);
    note("lose " + path.string());
    std::filesystem::remove(path);
    whole_[step] = false;
  }

  // What a process killed in the middle of a save leaves behind: half a staging directory.
  void die_while_saving() {
    note("die");
    write_text(run_ / "checkpoints" / (".tmp-step-99-" + std::to_string(random_() % 1000)) /
                   "state.safetensors",
               "half");
  }

  void prune() {
    const int keep = 1 + static_cast<int>(random_() % 4);
    note("prune " + std::to_string(keep));
    prune_checkpoints(run_, keep);
    while (whole_.size() > static_cast<std::size_t>(keep)) whole_.erase(whole_.begin());
  }

  std::mt19937_64 random_;
  testing::TemporaryDirectory directory_;
  std::filesystem::path run_ = directory_ / "run";
  std::map<std::int64_t, bool> whole_;  // step -> not damaged
  std::string history_;
};

TEST(CheckpointStates, P30_TheNewestWholeCheckpointIsFoundWhateverHappened) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < 40; ++i) {
      walk.step();
      walk.expect_the_model();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace trainer
