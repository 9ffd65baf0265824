#include "reference_trainer/study/cell_result.h"

#include <gmock/gmock.h>

#include <cmath>

#include "reference_trainer/base/error.h"
#include "tests/study/results.h"

namespace trainer {
namespace {

using test::result_of;

TEST(CellResult, ComesBackFromItsFile) {
  CellResult r = result_of("roste:2", "W3A4KV8", 4, 0.25);
  r.rouge2 = 0.1;
  r.rouge_l = kNotMeasured;
  r.seconds = 12.5;
  r.settings = {{"a", 1}};
  const nlohmann::json json = nlohmann::json::parse(to_json(r).dump());
  EXPECT_EQ(json["method"], "roste:2");
  EXPECT_EQ(json["setting"], "W3A4KV8");
  EXPECT_TRUE(json["rougeL"].is_null());
  EXPECT_FALSE(json.contains("failure"));
  const CellResult read = cell_result_from_json(r.cell, json, "result.json");
  EXPECT_EQ(to_json(read).dump(), to_json(r).dump());
  EXPECT_TRUE(std::isnan(read.rouge_l));
  EXPECT_TRUE(std::isnan(read.rouge_average())) << "a mean of less than four is no mean of four";
}

TEST(CellResult, WhatIsMissingOrOfAnotherTypeIsRefused) {
  const CellResult r = result_of("ste", "W4A4KV4", 0, 0.25);
  const nlohmann::json whole = nlohmann::json::parse(to_json(r).dump());
  std::vector<nlohmann::json> damaged = {nullptr, nlohmann::json::array(), whole, whole, whole};
  damaged[2].erase("test_loss");
  damaged[3]["test_loss"] = "0.25";
  damaged[4]["rotations"] = {"000"};
  for (const nlohmann::json& json : damaged) {
    try {
      cell_result_from_json(r.cell, json, "there");
      FAIL() << json;
    } catch (const Error& e) {
      EXPECT_EQ(e.parts().code, "CK-11");
      EXPECT_EQ(e.parts().where, "there");
    }
  }
}

std::size_t best_of(const std::vector<double>& losses) {
  std::vector<CellResult> results;
  for (const double loss : losses) results.push_back(result_of("ste", "W4A4KV4", 0, loss));
  return best_on_validation(results);
}

TEST(CellResult, TheBestIsTheFirstOfTheSmallestAndNeverWithoutALoss) {
  EXPECT_EQ(best_of({3, 1, 2, 1}), 1u);
  EXPECT_EQ(best_of({kNotMeasured, 3, 2}), 2u);
  EXPECT_EQ(best_of({3, kNotMeasured, 4}), 0u);
  EXPECT_EQ(best_of({kNotMeasured, INFINITY}), 1u);
  EXPECT_EQ(best_of({kNotMeasured, kNotMeasured}), 0u);
}

}  // namespace
}  // namespace trainer
