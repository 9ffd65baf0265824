// Cells on a tiny model: what is computed, what is kept, and what is computed again.
#include "reference_trainer/study/study.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "tests/study/tiny_start.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

Cell cell_of(const std::string& method, const std::string& setting, std::uint64_t seed = 0) {
  Cell cell = cells_of({"model"}, method, {parse_setting(setting, {})}, 1).at(0);
  cell.seed = seed;
  return cell;
}

class StudyTest : public testing::Test {
 protected:
  StudyTest() : start_(test::tiny_start(cpu_, place_.path() / "start", test::generating_shape())) {}

  Study<Cpu> study(const StudySettings& settings) {
    return {cpu_, settings, {place_.path() / "study"}, [this](const std::string&, std::uint64_t) {
              ++loads_;
              return start_;
            }};
  }
  CellResult result(const std::string& method, const std::string& setting = "W4A4KV4",
                    std::uint64_t seed = 0) {
    return study(settings_).run(cell_of(method, setting, seed));
  }
  fs::path directory_of(const CellResult& r) const { return place_.path() / "study" / r.directory; }
  std::size_t stages() const {
    const fs::directory_iterator all(place_.path() / "study" / "cells");
    return static_cast<std::size_t>(std::distance(fs::begin(all), fs::end(all)));
  }
  nlohmann::json json_in(const fs::path& file) const {
    std::ifstream in(file);
    return nlohmann::json::parse(in);
  }

  test::StudyDirectory place_;
  Cpu cpu_{1};
  StartModel start_;
  StudySettings settings_ = test::tiny_settings();
  int loads_ = 0;
};

// Every field, the seconds that computing took included.
std::string text(const CellResult& r) { return to_json(r).dump(); }
std::string text_without_seconds(CellResult r) {
  r.seconds = 0;
  return to_json(r).dump();
}

TEST_F(StudyTest, AResultIsFoundAgainWithoutBeingComputed) {
  const CellResult first = result("ste");
  const auto written = fs::last_write_time(directory_of(first) / "record.json");
  const CellResult again = result("ste");
  EXPECT_EQ(text(again), text(first));
  EXPECT_EQ(fs::last_write_time(directory_of(first) / "record.json"), written);
  EXPECT_EQ(first.settings, json_in(directory_of(first) / "key.json"));
}

TEST_F(StudyTest, AKilledStageIsComputedAgainToTheSameBits) {
  const CellResult first = result("roste");
  fs::remove(directory_of(first) / "result.json");
  const CellResult again = result("roste");
  EXPECT_NE(text(again), text(first)) << "it was not computed";
  EXPECT_EQ(text_without_seconds(again), text_without_seconds(first));
  EXPECT_TRUE(fs::exists(directory_of(first) / "result.json"));
  EXPECT_EQ(stages(), 1u);
}

// From the model on disk, in a study that was interrupted after fine-tuning and in one that was
// not.
TEST_F(StudyTest, PostTrainingMethodsStartFromTheFineTunedWeights) {
  const CellResult rtn = result("rtn", "W16A16KV16");
  const CellResult sft = result("sft");
  EXPECT_EQ(stages(), 2u) << "the fine-tuning that RTN needed is the cell sft";
  EXPECT_EQ(rtn.test_loss, sft.test_loss) << "16 bits round nothing";
  EXPECT_NE(rtn.test_loss, result("base").test_loss);
  const double together = result("gptq").test_loss;
  fs::remove_all(place_.path() / "study");
  result("sft");
  EXPECT_EQ(result("gptq").test_loss, together);
}

// The weights that are read back are those that training left, to the bit.
TEST_F(StudyTest, WeightsOnDiskAreTheTrainedOnes) {
  const CellResult sft = result("sft");
  Network<Cpu> trained = network_of(cpu_, start_, start_.parameters, {},
                                    RotationChoice::shared(RotationMask(), start_.plan.shape, 0));
  TrainingState<Cpu> state(cpu_, trained);
  TrainingJob<Cpu> job{trained, state};
  run_training<Cpu>(cpu_, settings_.training, start_.data.train, job);
  Network<Cpu> kept = load_network(cpu_, directory_of(sft) / "model", NonFinite::kReject);
  EXPECT_EQ(get_parameters(cpu_, kept.parameters), get_parameters(cpu_, trained.parameters));
  EXPECT_NE(get_parameters(cpu_, kept.parameters), start_.parameters);
}

TEST_F(StudyTest, AFineTunedModelThatWasRemovedIsMadeAgain) {
  const CellResult sft = result("sft");
  fs::remove_all(directory_of(sft) / "model");
  EXPECT_EQ(result("rtn", "W16A16KV16").test_loss, sft.test_loss);
}

TEST_F(StudyTest, AGridKeepsThePointWithTheSmallestValidationLoss) {
  settings_.grid.learning_rates = {1e-6, 3e-3};
  settings_.grid.clip_ratios = {1.0f, 0.3f};
  const std::vector<CellResult> points = study(settings_).sweep(cell_of("ste", "W4A4KV4"));
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[2].settings["training"]["learning_rate"], 3e-3);
  EXPECT_EQ(points[1].cell.quant.kv.clip, 0.3f);
  double smallest = points[0].validation_loss;
  for (const CellResult& p : points) smallest = std::min(smallest, p.validation_loss);
  EXPECT_EQ(result("ste").validation_loss, smallest);
  // In the other order, so that at least once the best point is not the first.
  std::ranges::reverse(settings_.grid.learning_rates);
  std::ranges::reverse(settings_.grid.clip_ratios);
  EXPECT_EQ(result("ste").validation_loss, smallest);
  EXPECT_EQ(stages(), 4u);
}

TEST_F(StudyTest, PostTrainingMethodsStartFromTheBestPoint) {
  settings_.grid.learning_rates = {1e-6, 3e-3};
  const double rtn = result("rtn", "W16A16KV16").test_loss;
  const CellResult best = result("sft");
  EXPECT_EQ(best.settings["training"]["learning_rate"], 3e-3);
  EXPECT_EQ(rtn, best.test_loss);
}

TEST_F(StudyTest, AnotherFineTuningIsAnotherStartOfPostTrainingMethods) {
  const CellResult first = result("rtn");
  settings_.training.learning_rate = 1e-6;
  const CellResult second = result("rtn");
  EXPECT_NE(second.directory, first.directory);
  EXPECT_NE(second.test_loss, first.test_loss);
}

// One step at such a rate makes weights whose products are not finite.
TEST_F(StudyTest, APointThatDivergesDoesNotEndASweep) {
  settings_.grid.learning_rates = {1e37, 3e-3};
  const std::vector<CellResult> points = study(settings_).sweep(cell_of("sft", "W4A4KV4"));
  ASSERT_EQ(points.size(), 2u);
  EXPECT_NE(points[0].failure, "");
  EXPECT_TRUE(std::isnan(points[0].validation_loss));
  EXPECT_EQ(points[0].settings["training"]["learning_rate"], 1e37);
  EXPECT_EQ(points[1].failure, "");
  EXPECT_EQ(result("sft").validation_loss, points[1].validation_loss);
  settings_.grid.learning_rates = {1e37, 2e37};
  try {
    result("sft");
    FAIL() << "a grid without a result has a best point";
  } catch (const Error& e) {
    EXPECT_EQ(e.parts().code, "TR-03");
    EXPECT_EQ(e.exit_code(), ExitCode::kNumerics);
  }
  settings_.grid.learning_rates = {};
  settings_.training.learning_rate = 1e37;
  EXPECT_THROW(result("sft"), std::exception) << "a single point has its own error";
}

TEST_F(StudyTest, ACellThatFailsSaysSoAndOthersGoOn) {
  settings_.training.learning_rate = 1e37;
  Study<Cpu> all = study(settings_);
  const CellResult sft = all.try_run(cell_of("sft", "W4A4KV4"));
  EXPECT_FALSE(sft.failure_code().empty());
  EXPECT_TRUE(sft.failure_code().starts_with("TR-") || sft.failure_code().starts_with("QN-"))
      << sft.failure;
  EXPECT_TRUE(std::isnan(sft.test_loss));
  EXPECT_EQ(sft.cell.method, Method::kSft);
  const CellResult rtn = all.try_run(cell_of("rtn", "W4A4KV4"));
  EXPECT_EQ(rtn.failure_code(), "TR-05") << "it has nothing to start from";
  EXPECT_NE(rtn.failure.find(sft.failure_code()), std::string::npos) << rtn.failure;
  const CellResult base = all.try_run(cell_of("base", "W4A4KV4"));
  EXPECT_EQ(base.failure, "");
  EXPECT_FALSE(std::isnan(base.test_loss));
}

TEST_F(StudyTest, OtherErrorsOfACellEndTheStudy) {
  Study<Cpu> broken(cpu_, settings_, {place_.path() / "study"},
                    [](const std::string&, std::uint64_t) -> StartModel {
                      throw_bad_input({"ST-12", "model", "nothing", "weights", ""});
                    });
  EXPECT_THROW(broken.try_run(cell_of("base", "W4A4KV4")), Error);
}

// What is left: a point of the grid for each cell, and fine-tuning where something starts from it.
TEST_F(StudyTest, WhatIsMissingIsKnownWithoutAStart) {
  const std::vector<Cell> cells = {cell_of("rtn", "W4A4KV4"), cell_of("ste", "W4A4KV4")};
  const auto words = [](const Missing& left) {
    std::string text = std::to_string(left.done) + " done";
    for (const Cell& cell : left.runs) text += " " + method_word(cell);
    return text;
  };
  EXPECT_EQ(words(study(settings_).missing(cells)), "0 done rtn ste sft");
  EXPECT_EQ(loads_, 0);
  result("sft");
  EXPECT_EQ(words(study(settings_).missing(cells)), "0 done rtn ste");
  result("rtn");
  EXPECT_EQ(words(study(settings_).missing(cells)), "1 done ste");
  EXPECT_EQ(words(study(settings_).missing({cell_of("rtn", "W4A4KV4", 1)})), "0 done rtn sft");
  settings_.grid.learning_rates = {1e-3, 3e-3};
  settings_.grid.clip_ratios = {1.0f, 0.9f, 0.8f};
  EXPECT_EQ(words(study(settings_).missing({cell_of("ste", "W4A4KV4")})),
            "0 done ste ste ste ste ste ste");
  EXPECT_EQ(words(study(settings_).missing({cell_of("rtn", "W4A4KV4")})), "0 done rtn rtn rtn sft")
      << "at the other rate it is there";
}

TEST_F(StudyTest, AGridWithoutValidationSamplesIsRefused) {
  start_.data.validation.clear();
  settings_.grid.learning_rates = {1e-3, 3e-3};
  EXPECT_THROW(result("sft"), Error);
}

TEST_F(StudyTest, SeedsDecideTheOrderOfTheDataAndTheSigns) {
  EXPECT_NE(result("sft", "W4A4KV4", 0).test_loss, result("sft", "W4A4KV4", 1).test_loss);
  const CellResult a = result("complete", "W4A4KV4", 0), b = result("complete", "W4A4KV4", 1);
  EXPECT_EQ(a.settings["rotation_seed"], 0);
  EXPECT_EQ(b.settings["rotation_seed"], 1);
  EXPECT_EQ(b.settings["training"]["seed"], 6);
  EXPECT_NE(a.test_loss, b.test_loss);
}

TEST_F(StudyTest, AStartIsLoadedOnceWhileItsCellsFollowEachOther) {
  Study<Cpu> one = study(settings_);
  for (const char* method : {"base", "sft", "rtn"}) one.run(cell_of(method, "W4A4KV4"));
  EXPECT_EQ(loads_, 1);
  one.run(cell_of("base", "W4A4KV4", 1));
  EXPECT_EQ(loads_, 2);
}

// The signs, the basis and the gains of Algorithm 1 belong to every quantized training, so that a
// comparison with RoSTE is one of choices alone.
TEST_F(StudyTest, CompleteRotationTakesSignsBasisAndGainsOfAlgorithm1) {
  const double complete = result("complete").test_loss, ste = result("ste").test_loss;
  const auto both = [&](auto change) {
    settings_.algorithm1 = {};
    change(settings_.algorithm1);
    return std::pair(result("complete").test_loss, result("ste").test_loss);
  };
  const auto signs = both([](Algorithm1Settings& a) { a.online_signs = OnlineSigns::kNone; });
  const auto basis = both([](Algorithm1Settings& a) { a.weights = WeightForm::kMerged; });
  const auto gains = both([](Algorithm1Settings& a) { a.norm_gains = NormGains::kFoldedTrained; });
  EXPECT_NE(signs.first, complete);
  EXPECT_NE(basis.first, complete);
  EXPECT_NE(gains.first, complete);
  EXPECT_EQ(signs.second, ste) << "nothing is rotated";
  EXPECT_EQ(basis.second, ste) << "nothing is rotated";
  EXPECT_NE(gains.second, ste);
}

// Its fine-tuned weights are those of its own seed.
TEST_F(StudyTest, SeedsDoNotShareFineTunedWeights) {
  Study<Cpu> one = study(settings_);
  const double first = one.run(cell_of("rtn", "W16A16KV16", 0)).test_loss;
  const double second = one.run(cell_of("rtn", "W16A16KV16", 1)).test_loss;
  EXPECT_EQ(second, result("sft", "W4A4KV4", 1).test_loss);
  EXPECT_NE(second, first);
}

TEST_F(StudyTest, AnotherModelOrAnotherTestIsAnotherStage) {
  const CellResult first = result("base");
  start_.plan.shape.rope_theta = 500;
  start_.hash = hash_of(start_);
  const CellResult second = result("base");
  EXPECT_NE(second.directory, first.directory);
  EXPECT_NE(second.test_loss, first.test_loss);
}

TEST_F(StudyTest, ADamagedResultIsNamed) {
  const CellResult r = result("base");
  for (const char* damage : {"{}", "[]", R"({"validation_loss": "x"})"}) {
    std::ofstream(directory_of(r) / "result.json") << damage;
    try {
      result("base");
      FAIL() << damage;
    } catch (const Error& e) {
      EXPECT_EQ(e.parts().code, "CK-11");
      EXPECT_THAT(e.parts().where, testing::HasSubstr("result.json"));
    }
  }
}

TEST_F(StudyTest, TheRecordFollowsTheObjectiveOncePerStep) {
  const nlohmann::json record = json_in(directory_of(result("roste:2")) / "record.json");
  std::vector<std::int64_t> steps;
  for (const auto& point : record.at("objective")) steps.push_back(point.at("step"));
  EXPECT_THAT(steps, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(record.at("rounds").size(), 2u);
}

}  // namespace
}  // namespace trainer
