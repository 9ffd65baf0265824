#include "reference_trainer/commands/options_help.h"

#include <array>

namespace trainer {
namespace {

// In the order of Command.
constexpr std::array<CommandHelp, 15> kHelp = {{
    {"Make the built-in task and train a small base model on it.",
     "First step without any download: afterwards DIR/model is the model and DIR/data its posts.",
     "pretrain --output_dir out/base --seed 0"},
    {"Write a model in another form that computes the same: norms folded, or q, k and v of "
     "GPT-NeoX "
     "apart.",
     "To have a model that can be rotated: of Pythia, whose LayerNorms stand in the way, in "
     "particular.\nThe other commands fold what they need themselves.",
     "convert --model_name_or_path out/base/model --form folded --output_dir out/folded"},
    {"Fold the norms into the weights and merge a rotation of the residual stream.",
     "To look at a rotated model, or to hand it to another program; train and run do it "
     "themselves.",
     "rotate --model_name_or_path out/base/model --rotations 1111 --output_dir out/rotated"},
    {"Print the quantization error of every layer and site, eq. (12).",
     "To see where low bits hurt before you train.",
     "measure --model_name_or_path out/base/model --dataset out/base/data/train.jsonl --w_bits 4"},
    {"Try all 16 combinations of the rotations R1 R2 R3 R4 and name the best, eq. (9).",
     "To choose rotations once and reuse them: the result is a file for --rotations.",
     "search --model_name_or_path out/base/model --dataset out/base/data/train.jsonl "
     "--output_dir out/search"},
    {"Fine-tune: in full precision (sft), quantized (ste), quantized and rotated (roste); on the "
     "model's\nown text (llm_qat); or adapters of a frozen base (lora, rolora).",
     "To make one model; `run` makes and compares all of them. The default learning rate is the "
     "paper's for\nlarge models; small ones, such as that of the built-in task, want a larger one.",
     "train --method roste --model_name_or_path out/base/model --dataset out/base/data/train.jsonl "
     "--eval_dataset out/base/data/test.jsonl --learning_rate 2e-3 --max_steps 1000 "
     "--output_dir out/roste"},
    {"Add trained adapters to the weights of their base model: an ordinary model directory.",
     "After train --method lora or rolora saved them; rotations are rebuilt from the stored seed.",
     "merge --adapters out/rolora/adapters --model_name_or_path out/base/model --w_bits 4 "
     "--output_dir out/merged"},
    {"Quantize a finished model: round to nearest, GPTQ, or SpinQuant's learned rotations.",
     "The baselines: sft first, then this, with rotations (QuaRot) or without.",
     "quantize --model_name_or_path out/sft/model --rotations 1111 --output_dir out/quarot"},
    {"Print loss, perplexity and ROUGE of a model on a data set.",
     "After train or quantize; bits and rotations are read from the model's roste.json.",
     "eval --model_name_or_path out/roste/model --dataset out/base/data/test.jsonl"},
    {"Continue a prompt, greedily.", "To read what a model writes.",
     "generate --model_name_or_path out/roste/model --prompt \"Once upon a time\""},
    {"The whole paper: search, train and quantize with every method, evaluate, compare in one "
     "table.",
     "To reproduce the comparison on your model and data, at one or several bit settings.",
     "run --recipe scripts/recipes/demo.yaml --model_name_or_path out/base/model "
     "--dataset out/base/data/train.jsonl --eval_dataset out/base/data/test.jsonl "
     "--output_dir out/run"},
    {"Try every method on a grid of learning rates and clipping factors, and name the best.",
     "To tune all methods alike before they are compared: the best has the smallest validation "
     "loss.",
     "sweep --model_name_or_path out/base/model --dataset out/base/data/train.jsonl "
     "--validation_dataset out/base/data/validation.jsonl --methods sft+ste+roste "
     "--settings W4A4KV4 --learning_rates 1e-3,2e-3 --clip_ratios 1,0.95 --output_dir out/sweep"},
    {"The paper's tables and figures on the built-in task, from nothing, into one report.",
     "To see the claims put to the test; interrupted, the same command goes on where it was.",
     "reproduce --recipe scripts/recipes/demo.yaml --output_dir out/reproduce"},
    {"Draw the report of a study again, from all of its finished cells.",
     "After several calls into one directory, or with a newer program; nothing is computed.",
     "report --study out/reproduce"},
    {"Write a model in a format of other programs: transformers, compressed-tensors, GGUF.",
     "When a model is finished and is to run elsewhere; docs/export.md says what each can carry.",
     "export --model_name_or_path out/sft/model --format hf --save_dtype bfloat16 --output_dir "
     "out/hf"},
}};

}  // namespace

const CommandHelp& help_of(Command command) { return kHelp.at(static_cast<std::size_t>(command)); }

}  // namespace trainer
