// The methods that are compared: the rows of the paper's Tables 1, 3 and 7, and what each needs.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace trainer {

enum class Method {
  kBase,           // the pre-trained model
  kSft,            // fine-tuned in full precision
  kRtn,            // round to nearest
  kGptq,           // Frantar et al. 2022
  kQuarotRtn,      // R1 to R4, then RTN
  kQuarotGptq,     // R1 to R4, then GPTQ (Ashkboos et al. 2024)
  kSpinquant,      // learned R1 and R2, R3 and R4, then GPTQ (Liu et al. 2024)
  kLlmQat,         // distillation on text of the model's own (Liu et al. 2023)
  kSte,            // quantized training, no rotation
  kComplete,       // quantized training under R1 to R4 everywhere: "complete" of Table 3
  kRoste,          // Algorithm 1, four variables shared by all layers
  kRostePerLayer,  // Algorithm 1, R2 to R4 of every layer on their own
  kLora,           // LoRA, then RTN
  kRolora,         // LoRA on a rotated base (Huang et al. 2024), then RTN
};

enum class StartsFrom { kBaseModel, kSftModel };
enum class Precision { kFull, kQuantized };
// Whose learning rate a method has: none, the run's, one of its own that a grid may replace, or one
// that means something else (steps on orthogonal matrices).
enum class Training { kNone, kFineTuning, kOwn, kRotations };

struct MethodFacts {
  Method method;
  std::string_view word;   // of flags and files, e.g. "quarot_gptq"
  std::string_view label;  // of tables, e.g. "QuaRot (GPTQ)"
  StartsFrom start;
  Precision precision;
  Training training;
};

inline constexpr std::array<MethodFacts, 14> kMethods = {{
    {Method::kBase, "base", "Base", StartsFrom::kBaseModel, Precision::kFull, Training::kNone},
    {Method::kSft, "sft", "SFT", StartsFrom::kBaseModel, Precision::kFull, Training::kFineTuning},
    {Method::kRtn, "rtn", "RTN", StartsFrom::kSftModel, Precision::kQuantized, Training::kNone},
    {Method::kGptq, "gptq", "GPTQ", StartsFrom::kSftModel, Precision::kQuantized, Training::kNone},
    {Method::kQuarotRtn, "quarot_rtn", "QuaRot (RTN)", StartsFrom::kSftModel, Precision::kQuantized,
     Training::kNone},
    {Method::kQuarotGptq, "quarot_gptq", "QuaRot (GPTQ)", StartsFrom::kSftModel,
     Precision::kQuantized, Training::kNone},
    {Method::kSpinquant, "spinquant", "SpinQuant", StartsFrom::kSftModel, Precision::kQuantized,
     Training::kRotations},
    {Method::kLlmQat, "llm_qat", "LLM-QAT", StartsFrom::kSftModel, Precision::kQuantized,
     Training::kOwn},
    {Method::kSte, "ste", "STE", StartsFrom::kBaseModel, Precision::kQuantized,
     Training::kFineTuning},
    {Method::kComplete, "complete", "STE, complete rotation", StartsFrom::kBaseModel,
     Precision::kQuantized, Training::kFineTuning},
    {Method::kRoste, "roste", "RoSTE", StartsFrom::kBaseModel, Precision::kQuantized,
     Training::kFineTuning},
    {Method::kRostePerLayer, "roste_per_layer", "RoSTE, per layer", StartsFrom::kBaseModel,
     Precision::kQuantized, Training::kFineTuning},
    {Method::kLora, "lora", "LoRA + RTN", StartsFrom::kBaseModel, Precision::kQuantized,
     Training::kOwn},
    {Method::kRolora, "rolora", "RoLoRA + RTN", StartsFrom::kBaseModel, Precision::kQuantized,
     Training::kOwn},
}};

constexpr const MethodFacts& facts_of(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

}  // namespace trainer
