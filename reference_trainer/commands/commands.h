// The commands, in the order of the pipeline. Each reads its files, runs, reports, and leaves
// nothing half-written; all failures are Errors. Results go to stdout, progress to stderr.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "reference_trainer/commands/options.h"

namespace trainer {

// Writes the built-in task to --output_dir/data and pre-trains its base model; returns its
// directory.
template <Backend B>
std::filesystem::path make_base_model(B& backend, const CommandLine& line);

// Everything that decides what make_base_model writes: equal keys, equal files.
nlohmann::json base_model_key(const CommandLine& line);

// The same for people: prints the directory.
template <Backend B>
void pretrain_command(B& backend, const CommandLine& line);

// Folds norms, or splits q, k and v of GPT-NeoX; checks that what was written has the same logits.
template <Backend B>
void convert_command(B& backend, const CommandLine& line);

// Folds norms, merges R1, and records R2 ... R4; checks that logits are unchanged and says by how
// much.
template <Backend B>
void rotate_command(B& backend, const CommandLine& line);

// The error table of eq. (12), site by site, with and without each rotation.
template <Backend B>
void measure_command(B& backend, const CommandLine& line);

// Eq. (9) with shared variables: all 16 configurations and the best.
template <Backend B>
void search_command(B& backend, const CommandLine& line);

// Fine-tuning: plain, with STE, RoSTE (Algorithm 1), LLM-QAT, or adapters.
template <Backend B>
void train_command(B& backend, const CommandLine& line);

// Adapters added to the weights of the base that they were trained beside.
template <Backend B>
void merge_command(B& backend, const CommandLine& line);

// Post-training quantization: RTN, GPTQ, SpinQuant.
template <Backend B>
void quantize_command(B& backend, const CommandLine& line);

// Loss, perplexity and ROUGE of a model directory as its roste.json says it runs.
template <Backend B>
void eval_command(B& backend, const CommandLine& line);

// Greedy continuation of a prompt, and nothing else, on stdout.
template <Backend B>
void generate_command(B& backend, const CommandLine& line);

// The methods of --methods on one model and data set, as tables and a report.
template <Backend B>
void run_command(B& backend, const CommandLine& line);

// Every method on a grid of learning rates and clipping factors.
template <Backend B>
void sweep_command(B& backend, const CommandLine& line);

// The paper's tables and figures on the built-in task.
template <Backend B>
void reproduce_command(B& backend, const CommandLine& line);

// The report of --study drawn again, without a model.
void report_command(const CommandLine& line);

// The model in a format of other programs.
template <Backend B>
void export_command(B& backend, const CommandLine& line);

// Runs the command that `line` names on the backend it asks for; returns the exit code.
int dispatch(const CommandLine& line);

}  // namespace trainer
