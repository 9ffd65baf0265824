// Flags of single methods, and of the commands that compare all of them.
#include <algorithm>

#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;

constexpr CommandSet kSearches = {kSearch, kTrain, kRun, kSweep, kReproduce};
constexpr CommandSet kChoosesRotations = {kTrain, kRun, kSweep, kReproduce};
constexpr CommandSet kEveryMethod = {kTrain, kRun, kSweep, kReproduce};
constexpr CommandSet kRounds = {kQuantize, kRun, kSweep, kReproduce};  // weights, after training

void add_algorithm1(std::vector<FlagRow>& rows) {
  Group group("Algorithm 1", rows);
  group.add({kSearch, kTrain}, word_flag({"search_mode", "which rotations may differ by layer"},
                                         at(&Cmd::search, &SearchSettings::mode)));
  group.add(kSearches, word_flag({"objective", "eq. (12), or each tensor relative to its norm"},
                                 at(&Cmd::search, &SearchSettings::objective)));
  group.add({kSearch, kTrain},
            word_flag({"search_quantizers", "whose errors are summed; symmetric: with c = 1"},
                      at(&Cmd::search_quantizers)));
  group.add({kSearch, kTrain},
            word_flag({"calibration_order", "drawn by --seed, or the first samples"},
                      at(&Cmd::rotation, &RotationOptions::calibration_order)));
  group.add({kTrain}, integer_flag({"outer_rounds", "K: times that rotations are chosen"},
                                   {1, 1000}, at(&Cmd::outer_rounds)));
  group.add(kChoosesRotations,
            word_flag({"moments", "of Adam where a round changes rotations"}, at(&Cmd::moments)));
  group.add(kSearches, word_flag({"online_signs", "of R3 and R4"}, at(&Cmd::online_signs)));
  group.add(kChoosesRotations,
            word_flag({"train_basis", "R2 and R4 in the trained weights: outside, or merged"},
                      at(&Cmd::train_basis)));
  group.add(kChoosesRotations,
            word_flag({"train_norms", "gains of folded norms"}, at(&Cmd::train_norms)));
}

void add_gptq(std::vector<FlagRow>& rows) {
  Group group("GPTQ", rows);
  const auto field = [](auto member) { return at(&Cmd::gptq, member); };
  group.add(kRounds,
            real_flag({"gptq_damping", "share of the Hessian's mean diagonal"},
                      {0, 1, Bound::kExcluded, {}, "0.01"}, field(&GptqSettings::damping)));
  group.add(kRounds, integer_flag({"gptq_block_size", "columns rounded together"}, {1, kWidest},
                                  field(&GptqSettings::block_size)));
  group.add(kRounds,
            word_flag({"gptq_order", "of the columns"}, field(&GptqSettings::column_order)));
  group.add(kRounds, word_flag({"gptq_clip", "search of each channel's clipping factor"},
                               field(&GptqSettings::clip)));
  group.add(kRounds,
            word_flag({"gptq_inputs", "whose Hessian it is"}, field(&GptqSettings::inputs)));
}

void add_spinquant(std::vector<FlagRow>& rows) {
  Group group("SpinQuant", rows);
  const auto field = [](auto member) { return at(&Cmd::spinquant, member); };
  group.add(kRounds, integer_flag({"spinquant_steps", "steps on the orthogonal matrices"},
                                  {1, kMany}, field(&SpinQuantSettings::steps)));
  group.add(kRounds, real_flag({"spinquant_learning_rate", "at the first of them; cosine to 0"},
                               {0, 1000, Bound::kExcluded, {}, "1.5"},
                               field(&SpinQuantSettings::learning_rate)));
  group.add(kRounds, integer_flag({"spinquant_batch_size", "sequences of a step"}, {1, kWidest},
                                  field(&SpinQuantSettings::batch)));
  group.add(kRounds, word_flag({"spinquant_weights", "while rotations are learned"},
                               field(&SpinQuantSettings::weights)));
}

void add_llm_qat(std::vector<FlagRow>& rows) {
  Group group("LLM-QAT", rows);
  const auto field = [](auto member) { return at(&Cmd::llm_qat, member); };
  group.add(kEveryMethod, integer_flag({"llm_qat_sequences", "texts that the model makes up"},
                                       {1, kMany}, field(&LlmQatSettings::sequences)));
  group.add(kEveryMethod, integer_flag({"llm_qat_max_length", "tokens of each"}, {2, kWidest},
                                       field(&LlmQatSettings::max_length)));
  group.add(kEveryMethod,
            real_flag({"llm_qat_learning_rate", "in place of learning_rate; cosine to 0"},
                      {0, 1, Bound::kExcluded, {}, "2e-5"}, field(&LlmQatSettings::learning_rate)));
}

// The last part of a layer's name in files: "q_proj".
std::vector<std::string_view> target_words() {
  std::vector<std::string_view> words;
  for (const Linear l : kLinears) {
    const std::string_view name = linear_name(l);
    words.push_back(name.substr(name.find('.') + 1));
  }
  return words;
}

// In the order of kLinears, so that equal sets are equal lists.
std::vector<Linear> parse_targets(const FlagValue& value) {
  std::vector<Linear> targets;
  for (const std::size_t word : parse_words(value, target_words()))
    targets.push_back(kLinears[word]);
  std::ranges::sort(targets);
  return targets;
}

Flag targets_flag() {
  return {
      "lora_targets",
      "LIST",
      "linear layers with an adapter, e.g. q_proj,v_proj",
      FlagKind::kValue,
      [](const FlagValue& value, CommandLine& line) {
        line.adapters.lora.targets = parse_targets(value);
      },
      [](const CommandLine& line) {
        std::string list;
        for (const Linear l : line.adapters.lora.targets)
          list.append(list.empty() ? "" : ",").append(target_words()[static_cast<std::size_t>(l)]);
        return list;
      }};
}

void add_adapters(std::vector<FlagRow>& rows) {
  Group group("LoRA and RoLoRA", rows);
  const auto lora = [](auto member) { return at(&Cmd::adapters, &AdapterTraining::lora, member); };
  group.add(kEveryMethod, integer_flag({"lora_r", "rank of the adapters"}, {1, kWidest},
                                       lora(&LoraSettings::rank)));
  group.add(kEveryMethod,
            real_flag({"lora_alpha", "adapters count alpha / r"},
                      {0, 1e6, Bound::kExcluded, {}, "16"}, lora(&LoraSettings::alpha)));
  group.add(kEveryMethod, targets_flag());
  group.add({kTrain},
            word_flag({"lora_base", "what adapters are trained beside"}, at(&Cmd::adapter_base)));
  group.add(kEveryMethod,
            real_flag({"lora_learning_rate", "in place of learning_rate; cosine to 0"},
                      {0, 1, Bound::kExcluded, {}, "1e-4"},
                      at(&Cmd::adapters, &AdapterTraining::learning_rate)));
}

}  // namespace

void add_method_flags(std::vector<FlagRow>& rows) {
  add_algorithm1(rows);
  add_gptq(rows);
  add_spinquant(rows);
  add_llm_qat(rows);
  add_adapters(rows);
}

void add_study_flags(std::vector<FlagRow>& rows) {
  Group group("Comparison", rows);
  const auto field = [](auto member) { return at(&Cmd::study, member); };
  group.add({kRun, kSweep}, text_flag({"methods", "joined by +, e.g. sft+gptq+roste:2"}, "LIST",
                                      field(&StudyOptions::methods)));
  group.add({kRun}, integer_flag({"seeds", "repetitions, from --seed on"}, {1, 1000},
                                 field(&StudyOptions::seeds)));
  group.add({kReproduce}, text_flag({"cells", "models/methods/settings/seeds, joined by commas"},
                                    "LIST", field(&StudyOptions::cells)));
  group.add({kSweep, kReproduce}, reals_flag({"learning_rates", "grid: peaks of the schedule"},
                                             {0, 1, Bound::kExcluded, {}, "1e-3,2e-3"},
                                             field(&StudyOptions::learning_rates)));
  group.add({kReproduce}, integer_flag({"pretraining_steps", "optimizer steps of a base model"},
                                       {1, kMany}, field(&StudyOptions::pretraining_steps)));
  group.add(
      {kSweep, kReproduce},
      reals_flag({"clip_ratios", "grid: clipping factors of all quantizers"},
                 {0, 1, Bound::kExcluded, {}, "1,0.95,0.9"}, field(&StudyOptions::clip_ratios)));
  group.add_required({kReport}, {kReport},
                     text_flag({"study", "the --output_dir of run, sweep or reproduce"}, "DIR",
                               field(&StudyOptions::directory)));
  group.add(kStudies, integer_flag({"objective_points", "times eq. (12) is measured in a training"},
                                   {0, kMany}, field(&StudyOptions::objective_points)));
}

}  // namespace trainer
