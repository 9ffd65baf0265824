// The three searches of eq. (9) on random tables and tiny models.
#include <gtest/gtest.h>

#include "reference_trainer/base/error.h"
#include "reference_trainer/model/settings_json.h"
#include "reference_trainer/roste/calibrate.h"
#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/roste/search_json.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

constexpr ErrorScale kBoth[] = {ErrorScale::kAbsolute, ErrorScale::kRelative};

// A term with random errors for each setting of the rotations it depends on.
ErrorTerm random_term(std::size_t layer, RotationMask depends_on, std::uint64_t seed) {
  ErrorTerm term{layer, "t" + std::to_string(seed), 1 + static_cast<int>(seed % 3), depends_on, {}};
  for (unsigned bits = 0; bits < 16; ++bits) {
    if ((bits & ~depends_on.bits()) != 0) continue;
    const double u = 1 + static_cast<double>(test::uniform(seed, bits));
    term.by_mask[bits] = {u, 3 + static_cast<double>(test::uniform(seed, 100))};
  }
  return term;
}

// What a layer of the Llama family has: sites of one rotation, and v, o and down of two.
ErrorTable random_table(std::size_t layers, std::uint64_t seed) {
  ErrorTable table{{}, 5};
  for (std::size_t i = 0; i < layers; ++i) {
    for (const unsigned depends_on : {1u, 2u, 4u, 8u, 3u, 3u, 9u, 1u})
      table.terms.push_back(
          random_term(i, RotationMask(depends_on), 1000 * seed + table.terms.size()));
  }
  return table;
}

double after(const ErrorTable& table, std::size_t layers, SearchMode mode, ErrorScale scale) {
  return choose_rotations(table, layers, {mode, scale}).after;
}

// The smallest objective over all masks of two layers that agree on R1.
double brute_force(const ErrorTable& table, ErrorScale scale) {
  double smallest = HUGE_VAL;
  for (unsigned a = 0; a < 16; ++a) {
    for (unsigned b = 0; b < 16; ++b) {
      const RotationMask masks[] = {RotationMask(a), RotationMask(b)};
      if (masks[0].r(1) == masks[1].r(1))
        smallest = std::min(smallest, objective(table, masks, scale));
    }
  }
  return smallest;
}

// Sums of the same terms in the same order: equal to the last bit.
TEST(ChooseRotations, PerLayerIsTheMinimumOverEveryConfiguration) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const ErrorTable table = random_table(2, seed);
    for (const ErrorScale scale : kBoth)
      EXPECT_DOUBLE_EQ(after(table, 2, SearchMode::kPerLayer, scale), brute_force(table, scale));
  }
}

TEST(ChooseRotations, PerLayerIsAtMostSharedAndGreedy) {
  int better_than_shared = 0, better_than_greedy = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const ErrorTable table = random_table(5, seed);
    for (const ErrorScale scale : kBoth) {
      const double best = after(table, 5, SearchMode::kPerLayer, scale);
      const double shared = after(table, 5, SearchMode::kShared, scale);
      const double greedy = after(table, 5, SearchMode::kGreedy, scale);
      const double rounding = 1e-12 * best;  // 40 additions of equal terms in another order
      EXPECT_LE(best, shared + rounding);
      EXPECT_LE(best, greedy + rounding);
      better_than_shared += best < 0.999 * shared;
      better_than_greedy += best < 0.999 * greedy;
    }
  }
  EXPECT_GT(better_than_shared, 150);
  EXPECT_GT(better_than_greedy, 0);  // local minima exist
}

// No single flip improves what greedy returns, and it never gets worse than no rotation.
TEST(ChooseRotations, GreedyEndsInALocalMinimum) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const ErrorTable table = random_table(3, seed);
    const SearchResult found = choose_rotations(table, 3, {SearchMode::kGreedy});
    EXPECT_LE(found.after, found.before);
    for (unsigned bit = 0; bit < 12; ++bit) {
      std::vector<RotationMask> flipped = found.layers;
      for (std::size_t i = 0; i < 3; ++i) {
        const bool here = bit % 4 == 0 || bit / 4 == i;
        if (here) flipped[i] = RotationMask(flipped[i].bits() ^ (1u << (bit % 4)));
      }
      EXPECT_GE(objective(table, flipped), found.after);
    }
  }
}

// Literal: each of two layers wants another R2; R1 pays only together with both R4.
ErrorTable literal_table() {
  ErrorTable table{{}, 1};
  const auto term = [&](std::size_t layer, unsigned depends_on, std::vector<double> errors) {
    ErrorTerm t{layer, "t", 1, RotationMask(depends_on), {}};
    std::size_t next = 0;
    for (unsigned bits = 0; bits < 16; ++bits) {
      if ((bits & ~depends_on) == 0) t.by_mask[bits] = {errors[next++], 10};
    }
    table.terms.push_back(t);
  };
  term(0, 2, {4, 1});        // value: R2 helps
  term(1, 2, {1, 2});        // value: R2 hurts
  term(0, 9, {5, 6, 6, 3});  // down: (none, R1, R4, both)
  term(1, 9, {5, 6, 6, 3});
  term(1, 4, {2, 2});  // key: a tie
  return table;
}

std::string text_of(const SearchResult& result) {
  std::string text;
  for (const RotationMask mask : result.layers) text += mask.text() + " ";
  return text;
}

TEST(ChooseRotations, LiteralTable) {
  const ErrorTable table = literal_table();
  const auto search = [&](SearchMode mode) { return choose_rotations(table, 2, {mode}); };
  EXPECT_EQ(text_of(search(SearchMode::kShared)), "1101 1101 ");
  EXPECT_EQ(search(SearchMode::kShared).after, 1 + 2 + 3 + 3 + 2);
  EXPECT_EQ(text_of(search(SearchMode::kPerLayer)), "1101 1001 ");
  EXPECT_EQ(search(SearchMode::kPerLayer).after, 1 + 1 + 3 + 3 + 2);
  // R1 alone and each R4 alone make it worse: greedy stops at R2.
  EXPECT_EQ(text_of(search(SearchMode::kGreedy)), "0100 0000 ");
  EXPECT_EQ(search(SearchMode::kGreedy).after, 1 + 1 + 5 + 5 + 2);
  EXPECT_EQ(search(SearchMode::kGreedy).before, 4 + 1 + 5 + 5 + 2);
}

// A large tensor outweighs a small one in eq. (12), not in the relative objective.
TEST(ChooseRotations, TheObjectivesDiffer) {
  ErrorTable table{{}, 1};
  ErrorTerm large{0, "large", 1, RotationMask(1), {}};
  large.by_mask[0] = {100, 10000, 1000};
  large.by_mask[1] = {90, 10000, 1000};
  ErrorTerm small{0, "small", 2, RotationMask(1), {}};
  small.by_mask[0] = {1, 10, 4};
  small.by_mask[1] = {2, 10, 4};
  ErrorTerm zero{0, "zero", 1, RotationMask(1), {}};
  table.terms = {large, small, zero};
  EXPECT_EQ(objective(table, RotationMask(1)), 94);
  EXPECT_DOUBLE_EQ(objective(table, RotationMask(1), ErrorScale::kRelative), 0.009 + 0.4);
  EXPECT_DOUBLE_EQ(objective(table, RotationMask(1), ErrorScale::kPerElement), 0.09 + 0.5);
  for (const SearchMode mode : {SearchMode::kShared, SearchMode::kPerLayer, SearchMode::kGreedy}) {
    EXPECT_EQ(text_of(choose_rotations(table, 1, {mode, ErrorScale::kAbsolute})), "1000 ");
    EXPECT_EQ(text_of(choose_rotations(table, 1, {mode, ErrorScale::kRelative})), "0000 ");
  }
}

TEST(ChooseRotations, EqualErrorsChooseNoRotation) {
  ErrorTable table = random_table(3, 1);
  for (ErrorTerm& term : table.terms) term.by_mask.fill({0.1, 1});
  for (const SearchMode mode : {SearchMode::kShared, SearchMode::kPerLayer, SearchMode::kGreedy})
    EXPECT_EQ(text_of(choose_rotations(table, 3, {mode})), "0000 0000 0000 ");
}

ErrorTable measured_table(std::uint64_t seed) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), seed);
  fold_norms(cpu, network);
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return measure_errors<Cpu>(cpu, network, quant, seed,
                             test::tiny_samples(network.plan.shape, 4, seed));
}

TEST(ChooseRotations, PerLayerIsTheMinimumOfModels) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const ErrorTable table = measured_table(seed);
    for (const ErrorScale scale : kBoth) {
      const double best = after(table, 2, SearchMode::kPerLayer, scale);
      EXPECT_NEAR(best, brute_force(table, scale), 1e-12 * best);
      EXPECT_LE(best, after(table, 2, SearchMode::kShared, scale) * (1 + 1e-12));
      EXPECT_LE(best, after(table, 2, SearchMode::kGreedy, scale) * (1 + 1e-12));
    }
  }
}

TEST(SearchJson, ATableComesBackAndIsSearchedAlike) {
  const ErrorTable table = measured_table(2);
  const auto text = to_json(table).dump(2);
  const ErrorTable back = error_table_from_json(nlohmann::json::parse(text), 2, "errors.json");
  EXPECT_EQ(to_json(back), to_json(table));
  EXPECT_EQ(back.samples, 4);
  for (const SearchMode mode : {SearchMode::kShared, SearchMode::kPerLayer, SearchMode::kGreedy}) {
    for (const ErrorScale scale : kBoth) {
      const SearchResult a = choose_rotations(table, 2, {mode, scale});
      const SearchResult b = choose_rotations(back, 2, {mode, scale});
      EXPECT_EQ(a.layers, b.layers);
      EXPECT_EQ(a.after, b.after);
      EXPECT_EQ(a.before, b.before);
    }
  }
}

TEST(SearchJson, TheChoiceOfASearchFileIsReadAsRotations) {
  const ErrorTable table = literal_table();
  const SearchResult result =
      choose_rotations(table, 2, {SearchMode::kPerLayer, ErrorScale::kRelative});
  const RotationChoice choice = choice_of(result, 7, OnlineSigns::kNone);
  const nlohmann::json j = to_json(table, result, choice);
  EXPECT_EQ(j.at("mode"), "per_layer");
  EXPECT_EQ(j.at("objective"), "relative");
  EXPECT_EQ(j.at("before"), result.before);
  EXPECT_EQ(j.at("after"), result.after);
  EXPECT_EQ(j.at("terms").at(2).at("squared_error").at("1001"), 3);
  const RotationChoice back =
      rotation_choice_from_json(test::tiny_shape(), j.at("rotation"), "search.json:/rotation");
  EXPECT_EQ(back.layers, result.layers);
  EXPECT_EQ(back.seed, 7u);
  EXPECT_EQ(back.online_signs, OnlineSigns::kNone);
}

TEST(SearchJson, MalformedTablesAreRefusedWithTheirPlace) {
  const nlohmann::json good = to_json(literal_table());
  const auto refused_at = [&](const nlohmann::json& j) -> std::string {
    try {
      error_table_from_json(j, 2, "f");
    } catch (const Error& e) {
      return e.parts().code + " " + e.parts().where;
    }
    return "accepted";
  };
  EXPECT_EQ(refused_at(good), "accepted");
  nlohmann::json j = good;
  j["terms"][3]["layer"] = 2;
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms/3");
  j = good;
  j["terms"][2]["squared_error"].erase("1000");
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms/2");
  j = good;
  j["terms"][0]["squared_error"]["2"] = 1;
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms/0");
  j = good;
  j["terms"][2]["layer"] = 0.5;
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms/2");
  j = good;
  j["terms"][1].erase("squared_norm");
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms/1");
  j = good;
  j.erase("terms");
  EXPECT_EQ(refused_at(j), "RJ-02 f:/terms");
  EXPECT_EQ(refused_at(nlohmann::json()), "RJ-02 f:/calibration_samples");
}

}  // namespace
}  // namespace trainer
