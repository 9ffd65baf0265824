// CK-06: the power goes at any moment of a save, and the disk holds of its calls what an fsync has
// made durable and any of the others, in any order.
#include <fstream>
#include <functional>

#include "tests/support/disk_model.h"
#include "tests/survival/saves.h"

namespace trainer {
namespace {

using fault::DiskModel;
using fault::DiskState;
namespace fs = std::filesystem;

constexpr std::size_t kMostStates = 4096;  // after one call

DiskState state_of(const fs::path& root) {
  DiskState state;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).string();
    if (entry.is_directory())
      state[path + "/"] = "";
    else
      state[path] = testing::read_text(entry.path());
  }
  return state;
}

void write_state(const fs::path& root, const DiskState& state) {
  fs::remove_all(root / "checkpoints");
  for (const auto& [path, bytes] : state) {
    if (path.ends_with('/'))
      fs::create_directories(root / path);
    else
      std::ofstream(root / path, std::ios::binary) << bytes;
  }
}

// Runs `action` on `run` and looks at every state that a power loss may leave: one of `allowed`
// must be the newest checkpoint, and after the whole action one of `durable`.
void expect_survival(const TinyRun& run, const std::function<void()>& action,
                     const StepSet& allowed, const StepSet& durable) {
  const DiskState before = state_of(run.path());
  fault::arm({0, 0, fault::Kind::kNone, 0, run.path().string()});
  action();
  fault::disarm();
  const DiskModel model(run.path().string(), before, fault::calls());
  ASSERT_GT(model.calls(), 10u);
  const TinyRun reader;
  std::size_t states = 0;
  for (std::size_t n = 0; n <= model.calls(); ++n) {
    for (const DiskState& state : model.states_after(n, kMostStates)) {
      write_state(reader.path(), state);
      const auto found = find_newest_checkpoint(reader.path());
      const std::int64_t step = found ? found->info.step : -1;
      ASSERT_TRUE(allowed.contains(step)) << "step " << step << " after " << n << " calls";
      if (found) reader.expect_newest(allowed, "after " + std::to_string(n) + " calls");
      if (n == model.calls()) {
        EXPECT_TRUE(durable.contains(step)) << "step " << step << " was lost";
      }
      ++states;
    }
  }
  EXPECT_GT(states, model.calls());
  ::testing::Test::RecordProperty("states", static_cast<int>(states));
  std::printf("%zu calls, %zu states\n", model.calls(), states);
}

TEST(PowerLoss, CK06_AFirstSaveIsThereOrNot) {
  const TinyRun run;
  expect_survival(run, [&] { run.save(1); }, {-1, 1}, {1});
}

TEST(PowerLoss, CK06_ASaveAndTheDeletionAfterIt) {
  const TinyRun run;
  for (const int n : {1, 2}) run.save(n);
  expect_survival(run, [&] { run.save(3); }, {2, 3}, {3});
}

TEST(PowerLoss, CK06_TheOnlyCheckpointSavedAgain) {
  const TinyRun run;
  run.save(0);
  expect_survival(run, [&] { run.save(0); }, {0}, {0});
}

// The model itself: without fsync anything may be missing.
TEST(PowerLoss, CK06_TheModelForgetsWhatWasNotSynced) {
  using Call = fault::Call;
  const std::vector<Call> careless = {{"open", "/d/.tmp", "", "", true},
                                      {"write", "/d/.tmp", "", "new", false},
                                      {"rename", "/d/.tmp", "/d/f", "", false}};
  const DiskModel model("/d", {{"f", "old"}}, careless);
  const std::set<DiskState> states = model.states_after(3, kMostStates);
  EXPECT_TRUE(states.contains({{"f", "old"}}));
  EXPECT_TRUE(states.contains({{"f", "new"}}));
  EXPECT_TRUE(states.contains({{"f", ""}})) << "the classic: renamed before its bytes arrived";
  std::vector<Call> careful = careless;
  careful.insert(careful.begin() + 2, {"fsync", "/d/.tmp", "", "", false});
  EXPECT_FALSE(
      DiskModel("/d", {{"f", "old"}}, careful).states_after(4, kMostStates).contains({{"f", ""}}));
}

}  // namespace
}  // namespace trainer
