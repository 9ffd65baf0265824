// The settings that a method reads are in its key, and those that it does not read are not: neither
// is a result of other settings taken for one's own, nor the same thing computed twice.
#include <gmock/gmock.h>

#include <functional>

#include "reference_trainer/study/method_run.h"

namespace trainer {
namespace {

using enum Method;

nlohmann::json key_of(Method method, const StudySettings& settings) {
  Cell cell;
  cell.method = method;
  return method_key(cell, settings);
}

struct Setting {
  const char* name;
  std::function<void(StudySettings&)> change;
  std::vector<Method> readers;
};

const std::vector<Method> kFineTuned = {kSft, kSte, kComplete, kRoste, kRostePerLayer};
const std::vector<Method> kTrained = {kSft,           kSte,    kComplete, kRoste,
                                      kRostePerLayer, kLlmQat, kLora,     kRolora};
const std::vector<Method> kQuantized = {kSte, kComplete, kRoste, kRostePerLayer};
const std::vector<Method> kRotating = {kComplete, kRoste, kRostePerLayer};
const std::vector<Method> kSearching = {kRoste, kRostePerLayer};
const std::vector<Method> kRounding = {kGptq, kQuarotGptq, kSpinquant};
const std::vector<Method> kLearning = {kSpinquant};
const std::vector<Method> kAdapting = {kLora, kRolora};

std::vector<Method> every_method() {
  std::vector<Method> all;
  for (const MethodFacts& m : kMethods) all.push_back(m.method);
  return all;
}

const std::vector<Setting>& settings() {
  using S = StudySettings;
  static const std::vector<Setting> all = {
      {"learning_rate", [](S& s) { s.training.learning_rate = 1; }, kFineTuned},
      {"schedule", [](S& s) { s.training.schedule = Schedule::kLinear; }, kFineTuned},
      {"warmup_ratio", [](S& s) { s.training.warmup_ratio = 0.5; }, kFineTuned},
      {"weight_decay", [](S& s) { s.training.weight_decay = 0.5; }, kFineTuned},
      {"adam_beta1", [](S& s) { s.training.adam_beta1 = 0.5; }, kTrained},
      {"adam_beta2", [](S& s) { s.training.adam_beta2 = 0.5; }, kTrained},
      {"adam_epsilon", [](S& s) { s.training.adam_epsilon = 0.5; }, kTrained},
      {"max_grad_norm", [](S& s) { s.training.max_grad_norm = 0.5; }, kTrained},
      {"micro_batch", [](S& s) { s.training.micro_batch = 5; }, kTrained},
      {"accumulation", [](S& s) { s.training.accumulation = 5; }, kTrained},
      {"max_steps", [](S& s) { s.training.max_steps = 5; }, kTrained},
      {"seed", [](S& s) { s.training.seed = 5; }, kTrained},
      {"search.objective", [](S& s) { s.algorithm1.search.objective = ErrorScale::kRelative; },
       kSearching},
      {"online_signs", [](S& s) { s.algorithm1.online_signs = OnlineSigns::kNone; }, kRotating},
      {"moments", [](S& s) { s.algorithm1.moments = MomentPolicy::kKeep; }, kSearching},
      {"weights", [](S& s) { s.algorithm1.weights = WeightForm::kMerged; }, kRotating},
      {"norm_gains", [](S& s) { s.algorithm1.norm_gains = NormGains::kFoldedTrained; }, kQuantized},
      {"damping", [](S& s) { s.gptq.damping = 0.5; }, kRounding},
      {"block_size", [](S& s) { s.gptq.block_size = 5; }, kRounding},
      {"column_order", [](S& s) { s.gptq.column_order = ColumnOrder::kDescending; }, kRounding},
      {"clip", [](S& s) { s.gptq.clip = WeightClip::kMse; }, kRounding},
      {"inputs", [](S& s) { s.gptq.inputs = HessianInputs::kUnquantized; }, kRounding},
      {"spinquant.steps", [](S& s) { s.spinquant.steps = 5; }, kLearning},
      {"spinquant.learning_rate", [](S& s) { s.spinquant.learning_rate = 5; }, kLearning},
      {"spinquant.batch", [](S& s) { s.spinquant.batch = 5; }, kLearning},
      {"spinquant.online", [](S& s) { s.spinquant.online = RotationMask(0); }, kLearning},
      {"spinquant.online_signs", [](S& s) { s.spinquant.online_signs = OnlineSigns::kNone; },
       kLearning},
      {"spinquant.weights", [](S& s) { s.spinquant.weights = LearningWeights::kFullPrecision; },
       kLearning},
      {"cayley.map", [](S& s) { s.spinquant.cayley.map = CayleyMap::kFixedPoint; }, kLearning},
      {"cayley.iterations", [](S& s) { s.spinquant.cayley.iterations = 7; }, kLearning},
      {"cayley.momentum", [](S& s) { s.spinquant.cayley.momentum = 0.5; }, kLearning},
      {"sequences", [](S& s) { s.llm_qat.sequences = 5; }, {kLlmQat}},
      {"max_length", [](S& s) { s.llm_qat.max_length = 5; }, {kLlmQat}},
      {"llm_qat.learning_rate", [](S& s) { s.llm_qat.learning_rate = 5; }, {kLlmQat}},
      {"rank", [](S& s) { s.adapters.lora.rank = 5; }, kAdapting},
      {"alpha", [](S& s) { s.adapters.lora.alpha = 5; }, kAdapting},
      {"targets", [](S& s) { s.adapters.lora.targets = {Linear::kO}; }, kAdapting},
      {"adapters.learning_rate", [](S& s) { s.adapters.learning_rate = 5; }, kAdapting},
      {"rotation_seed", [](S& s) { s.rotation_seed = 5; }, every_method()},
      {"max_new_tokens", [](S& s) { s.max_new_tokens = 5; }, every_method()},
      {"batch_size", [](S& s) { s.batch_size = 5; }, every_method()},
      {"rouge_stemmer", [](S& s) { s.rouge_stemmer = Stemming::kPorter; }, every_method()},
      // Only record.json knows more or less of them.
      {"objective_points", [](S& s) { s.objective_points = 5; }, {}}};
  return all;
}

TEST(MethodKey, HasWhatTheMethodReadsAndNothingElse) {
  for (const Setting& setting : settings()) {
    StudySettings changed;
    setting.change(changed);
    for (const MethodFacts& m : kMethods) {
      const bool reads = std::ranges::find(setting.readers, m.method) != setting.readers.end();
      const bool differs = key_of(m.method, changed) != key_of(m.method, StudySettings());
      EXPECT_EQ(differs, reads) << setting.name << " and " << m.word;
    }
  }
}

// Results that were kept before there was a choice are found again.
TEST(MethodKey, TheDefaultStemmerIsNotInIt) {
  EXPECT_FALSE(key_of(kSte, StudySettings()).contains("rouge_stemmer"));
}

TEST(MethodKey, AdaptersAndModelTextsDependOnTheSeed) {
  StudySettings s;
  s.training.seed = 77;
  EXPECT_EQ(adapter_settings(s).seed, 77u);
  EXPECT_EQ(llm_qat_data(s, {}).seed, 77u);
}

}  // namespace
}  // namespace trainer
