#include "reference_trainer/study/method_run.h"

#include "reference_trainer/model/settings_json.h"

namespace trainer {
namespace {

using nlohmann::json;

json gptq_key(const GptqSettings& s) {
  return {{"damping", s.damping},
          {"block_size", s.block_size},
          {"column_order", static_cast<int>(s.column_order)},
          {"clip", static_cast<int>(s.clip)},
          {"inputs", static_cast<int>(s.inputs)}};
}

json spinquant_key(const SpinQuantSettings& s) {
  return {{"steps", s.steps},
          {"learning_rate", s.learning_rate},
          {"batch", s.batch},
          {"online", s.online.text()},
          {"online_signs", name_of(s.online_signs)},
          {"weights", static_cast<int>(s.weights)},
          {"cayley",
           {{"map", static_cast<int>(s.cayley.map)},
            {"iterations", s.cayley.iterations},
            {"momentum", s.cayley.momentum}}}};
}

json adapter_key(const StudySettings& s) {
  json targets = json::array();
  for (const Linear l : s.adapters.lora.targets) targets.push_back(linear_name(l));
  return {{"r", s.adapters.lora.rank},
          {"alpha", s.adapters.lora.alpha},
          {"targets", targets},
          {"training", to_json(adapter_training(s))}};
}

// What training under rotations that nothing chose takes from the settings of Algorithm 1; where
// nothing is rotated that is the gains alone.
json fixed_rotations_key(const Algorithm1Settings& s, Method method) {
  json key{{"norm_gains", static_cast<int>(s.norm_gains)}};
  if (method == Method::kSte) return key;
  key["online_signs"] = name_of(s.online_signs);
  key["weights"] = static_cast<int>(s.weights);
  return key;
}

json algorithm1_key(const Algorithm1Settings& s) {
  json key = fixed_rotations_key(s, Method::kRoste);
  key["objective"] = name_of(s.search.objective);
  key["moments"] = name_of(s.moments);
  return key;
}

}  // namespace

json method_key(const Cell& cell, const StudySettings& s) {
  json key{{"rotation_seed", s.rotation_seed},
           {"max_new_tokens", s.max_new_tokens},
           {"batch_size", s.batch_size}};
  // Keys of results that were kept before there was a choice stay as they are.
  if (s.rouge_stemmer == Stemming::kPorter) key["rouge_stemmer"] = "porter";
  const MethodFacts& facts = facts_of(cell.method);
  if (facts.training == Training::kFineTuning) key["training"] = to_json(s.training);
  switch (cell.method) {
    case Method::kSte:
    case Method::kComplete:  // without an entry: the defaults
      if (const json fixed = fixed_rotations_key(s.algorithm1, cell.method);
          fixed != fixed_rotations_key({}, cell.method))
        key["algorithm1"] = fixed;
      break;
    case Method::kRoste:
    case Method::kRostePerLayer:
      key["algorithm1"] = algorithm1_key(s.algorithm1);
      break;
    case Method::kSpinquant:
      key["spinquant"] = spinquant_key(s.spinquant);
      key["gptq"] = gptq_key(s.gptq);
      break;
    case Method::kGptq:
    case Method::kQuarotGptq:
      key["gptq"] = gptq_key(s.gptq);
      break;
    case Method::kLlmQat:
      key["training"] = to_json(llm_qat_training(s));
      key["llm_qat"] = {{"sequences", s.llm_qat.sequences}, {"max_length", s.llm_qat.max_length}};
      break;
    case Method::kLora:
    case Method::kRolora:
      key["adapters"] = adapter_key(s);
      break;
    default:
      break;
  }
  return key;
}

LoraSettings adapter_settings(const StudySettings& s) {
  LoraSettings lora = s.adapters.lora;
  lora.seed = s.training.seed;
  return lora;
}

TrainSettings adapter_training(const StudySettings& s) {
  TrainSettings t = s.training;
  t.learning_rate = s.adapters.learning_rate;
  t.schedule = Schedule::kCosine;
  t.warmup_ratio = 0.01;  // with no decay: RoLoRA's script
  t.weight_decay = 0;
  return t;
}

TrainSettings llm_qat_training(const StudySettings& s) {
  TrainSettings t = s.training;
  t.learning_rate = s.llm_qat.learning_rate;
  t.schedule = Schedule::kCosine;
  t.warmup_ratio = 0;
  t.weight_decay = 0;
  return t;
}

SampleSettings llm_qat_data(const StudySettings& s, const ModelShape& shape) {
  SampleSettings data;
  data.sequences = s.llm_qat.sequences;
  data.max_length = s.llm_qat.max_length;
  data.seed = s.training.seed;
  std::vector<TokenId> special = shape.eos_token_ids;
  if (shape.bos_token_id) special.push_back(*shape.bos_token_id);
  data.first_tokens = ordinary_tokens(shape.vocab_size, special);
  data.stop = shape.eos_token_ids;
  return data;
}

nlohmann::ordered_json round_json(const Algorithm1Round& round) {
  return {{"first_step", round.first_step},
          {"rotation", to_json(round.choice)},
          {"objective_before", round.before},
          {"objective_after", round.after}};
}

nlohmann::ordered_json report_json(const GptqReport& report) {
  nlohmann::ordered_json linears = nlohmann::ordered_json::array();
  double gptq = 0, rtn = 0;
  for (const GptqLinearReport& l : report.linears) {
    gptq += l.gptq_error;
    rtn += l.rtn_error;
    linears.push_back({{"layer", l.layer},
                       {"linear", linear_name(l.linear)},
                       {"gptq_error", l.gptq_error},
                       {"rtn_error", l.rtn_error},
                       {"damping", l.damping}});
  }
  return {{"gptq_error", gptq}, {"rtn_error", rtn}, {"linears", linears}};
}

nlohmann::ordered_json report_json(const LlmQatReport& r) {
  return {{"sequences", r.sequences},
          {"tokens", r.tokens},
          {"ended", r.ended},
          {"first_loss", r.first_loss},
          {"last_loss", r.last_loss}};
}

}  // namespace trainer
