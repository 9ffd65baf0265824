// Flags of quantizers and rotations.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {
namespace {

using namespace option_rows;
using Cmd = CommandLine;

void add_quantizer(const std::string& prefix, const std::string& what,
                   QuantizerSettings QuantConfig::*which, Group& group) {
  const auto field = [which](auto member) { return at(&Cmd::quant, which, member); };
  group.add(kQuantizes.without(kReproduce),
            bits_flag({prefix + "_bits", "bits of " + what + ": 2-8, or 16 for none"},
                      field(&QuantizerSettings::bits)));
  group.add(kQuantizes, word_flag({prefix + "_symmetry", "eq. (4) with zero point, or eq. (2)"},
                                  field(&QuantizerSettings::symmetry)));
  group.add(kQuantizes, real_flag({prefix + "_clip_ratio", "clipping factor c"},
                                  {0, 1, Bound::kExcluded, Bound::kIncluded, "0.95"},
                                  field(&QuantizerSettings::clip)));
}

// One flag for the three quantizers.
Flag range_flag() {
  Flag flag = word_flag({"quant_range", "range widened to 0, tight, or as printed in eq. (4)"},
                        at(&Cmd::quant, &QuantConfig::weight, &QuantizerSettings::range));
  const auto assign_weight = flag.assign;
  flag.assign = [assign_weight](const FlagValue& value, CommandLine& line) {
    assign_weight(value, line);
    line.quant.activation.range = line.quant.kv.range = line.quant.weight.range;
  };
  return flag;
}

// Reads quant, so its row follows the quantizers'.
Flag settings_flag() {
  return {
      "settings",
      "LIST",
      "bit settings to compare, e.g. W4A4KV4,W3A3KV3",
      FlagKind::kValue,
      [](const FlagValue& value, CommandLine& line) {
        line.settings = parse_settings(value, line.quant);
      },
      [](const CommandLine&) { return std::string("the one of --w_bits, --a_bits, --kv_bits"); }};
}

void add_quantization(std::vector<FlagRow>& rows) {
  Group group("Quantization", rows);
  group.add({kQuantize},
            word_flag({"method", "how weights are rounded"}, at(&Cmd::quantize_method)));
  add_quantizer("w", "weights", &QuantConfig::weight, group);
  add_quantizer("a", "activations", &QuantConfig::activation, group);
  add_quantizer("kv", "the key/value cache", &QuantConfig::kv, group);
  group.add(kQuantizes, range_flag());
  group.add({kRun, kSweep}, settings_flag());
}

// Digits are checked at once; a path is opened by the command that reads it.
Flag rotations_flag() {
  return {"rotations",
          "R1R2R3R4|FILE",
          "four 0/1 digits, or a result of search",
          FlagKind::kValue,
          [](const FlagValue& value, CommandLine& line) {
            check_rotations(value);
            line.rotation.rotations = value.text;
          },
          [](const CommandLine& line) {
            return line.rotation.rotations.empty()
                       ? std::string("roste searches, rolora: 1001, others: 0000")
                       : line.rotation.rotations;
          }};
}

void add_rotation(std::vector<FlagRow>& rows) {
  Group group("Rotation", rows);
  group.add(kRotates, rotations_flag());
  group.add({kRotate}, word_flag({"rotate_mode", "R1: random Hadamard, or random orthogonal"},
                                 at(&Cmd::rotation, &RotationOptions::rotate_mode)));
  group.add(
      {kRotate, kMeasure, kSearch, kTrain, kQuantize, kRun, kSweep, kReproduce},
      integer_flag({"rotation_seed", "of the random signs of eq. (19)"}, {0, kMostRotationSeed},
                   at(&Cmd::rotation, &RotationOptions::rotation_seed)));
  group.add(kCalibrates,
            integer_flag({"calibration_samples", "samples of eq. (12) and of GPTQ's Hessians"},
                         {1, kMany}, at(&Cmd::rotation, &RotationOptions::calibration_samples)));
}

}  // namespace

void add_quantization_flags(std::vector<FlagRow>& rows) {
  add_quantization(rows);
  add_rotation(rows);
}

}  // namespace trainer
