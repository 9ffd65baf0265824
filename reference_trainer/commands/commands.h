// The commands, in the order of the pipeline. Each reads its files, runs, reports, and leaves
// nothing half-written; all failures are Errors. Results go to stdout, progress to stderr.
#pragma once

#include "reference_trainer/commands/options.h"

namespace trainer {

// Writes the built-in task and pre-trains its base model.
template <Backend B>
void pretrain_command(B& backend, const CommandLine& line);

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

// Fine-tuning: plain, with STE, or RoSTE (Algorithm 1 with K = 1).
template <Backend B>
void train_command(B& backend, const CommandLine& line);

// Post-training quantization, round to nearest.
template <Backend B>
void quantize_command(B& backend, const CommandLine& line);

// Loss, perplexity and ROUGE of a model directory as its roste.json says it runs.
template <Backend B>
void eval_command(B& backend, const CommandLine& line);

// Greedy continuation of a prompt, and nothing else, on stdout.
template <Backend B>
void generate_command(B& backend, const CommandLine& line);

// Base, SFT, RTN, rotated RTN, STE and RoSTE on one data set: the whole pipeline.
template <Backend B>
void run_command(B& backend, const CommandLine& line);

// Runs the command that `line` names on the backend it asks for; returns the exit code.
int dispatch(const CommandLine& line);

}  // namespace trainer
