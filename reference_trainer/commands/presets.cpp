#include "reference_trainer/commands/presets.h"

#include <array>

namespace trainer {
namespace {

// Where the code that its authors released differs from the paper, as far as a flag can say it;
// docs/methods.md has the rest.
constexpr std::array<PresetValue, 15> kReferenceCode = {{
    {"quant_range", "tight"},  // 0 need not be a code
    {"w_clip_ratio", "0.95"},  // of both ends of a range
    {"a_clip_ratio", "0.95"},
    {"kv_clip_ratio", "0.95"},
    {"search_mode", "per_layer"},        // the paper shares four variables among the layers
    {"search_quantizers", "symmetric"},  // those of training are asymmetric and clip
    {"objective", "per_element"},        // eq. (12) sums squared norms
    {"calibration_order", "first"},      // the paper draws samples
    {"calibration_samples", "128"},
    {"online_signs", "none"},    // the paper's R3 and R4 are random
    {"train_norms", "trained"},  // folded gains drift from one
    {"loss_on", "all"},          // prompts are learned, too
    {"weight_decay", "0"},
    {"seed", "42"},
    {"max_new_tokens", "32"},
}};

}  // namespace

std::span<const PresetValue> values_of(Preset preset) {
  if (preset == Preset::kReferenceCode) return kReferenceCode;
  return {};
}

}  // namespace trainer
