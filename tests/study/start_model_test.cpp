// Whatever differs between two starts makes other results, so it makes another hash.
#include "reference_trainer/study/start_model.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/study/tiny_start.h"

namespace trainer {
namespace {

struct Change {
  const char* what;
  std::function<void(StartModel&)> make;
};

TEST(StartModel, EverythingThatAMethodReadsIsInTheHash) {
  const test::StudyDirectory place;
  Cpu cpu(1);
  const StartModel start = test::tiny_start(cpu, place.path(), test::generating_shape());
  EXPECT_EQ(hash_of(start), start.hash);
  const std::vector<Change> changes = {
      {"a weight", [](StartModel& s) { s.parameters[3][1] += 1; }},
      {"rope_theta", [](StartModel& s) { s.plan.shape.rope_theta = 500; }},
      {"rope_scaling",
       [](StartModel& s) {
         s.plan.shape.rope_scaling = Llama3RopeScaling{8, 1, 4, 8};
       }},
      {"norm_eps", [](StartModel& s) { s.plan.shape.norm_eps = 1e-3f; }},
      {"eos_token_ids",
       [](StartModel& s) {
         s.plan.shape.eos_token_ids = {1, 2};
       }},
      {"bos_token_id", [](StartModel& s) { s.plan.shape.bos_token_id = 0; }},
      {"partial_rotary_dim", [](StartModel& s) { s.plan.shape.partial_rotary_dim = 2; }},
      {"heads", [](StartModel& s) { s.plan.shape.heads = 8, s.plan.shape.head_dim = 4; }},
      {"a training token", [](StartModel& s) { s.data.train[0].tokens[2] += 1; }},
      {"a training target", [](StartModel& s) { s.data.train[0].target[1] = 1; }},
      {"a test prompt", [](StartModel& s) { s.data.test[0].prompt_length = 2; }},
      {"a test reference", [](StartModel& s) { s.data.test[0].reference = "a c"; }},
      {"fewer calibration samples", [](StartModel& s) { s.data.calibration.pop_back(); }},
      {"validation as test", [](StartModel& s) { std::swap(s.data.validation, s.data.test); }},
      {"the tokenizer",
       [&](StartModel& s) {
         std::string text = builtin_tokenizer_json();
         const std::string word = builtin_vocabulary().back();
         const std::size_t at = text.find("\"" + word + "\"");
         ASSERT_NE(at, std::string::npos);
         place.write("other/tokenizer.json", text.insert(at + 1, "x"));
         s.tokenizer = Tokenizer::load(place.path() / "other", s.plan.shape.vocab_size);
       }},
  };
  for (const Change& change : changes) {
    StartModel changed = start;
    change.make(changed);
    EXPECT_NE(hash_of(changed), start.hash) << change.what;
  }
}

}  // namespace
}  // namespace trainer
