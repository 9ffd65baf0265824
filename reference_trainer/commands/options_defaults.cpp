// What each command does when nothing is said.
#include "reference_trainer/commands/options_flags.h"

namespace trainer {
namespace {

QuantConfig four_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return quant;
}

// The base model's recipe of docs/builtin-task.md.
void set_pretraining(CommandLine& line) {
  line.train.learning_rate = -1;  // as the architecture has it
  line.train.warmup_ratio = 0.03;
  line.train.weight_decay = 0.01;
  line.train.adam_beta2 = 0.99;
  line.train.per_device_train_batch_size = 8;
  line.train.max_steps = 1200;
  line.train.save_steps = 0;
  line.data.reading.max_length = 256;  // no document is cut
  line.data.reading.loss_on = LossOn::kAllTokens;
}

}  // namespace

CommandLine defaults_of(Command command) {
  CommandLine line;
  line.command = command;
  if (command != Command::kMerge) line.quant = four_bits();
  if (command == Command::kPretrain) set_pretraining(line);
  if (command == Command::kRotate) line.rotation.rotations = "1111";
  if (command == Command::kEval || command == Command::kGenerate) line.model.engine = Engine::kAuto;
  if (command == Command::kQuantize) line.rotation.rotations = "0000";
  return line;
}

}  // namespace trainer
