// What most commands do first: load a model, its tokenizer and data, and say what was read.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "reference_trainer/commands/memory_check.h"
#include "reference_trainer/data/sample_view.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/roste/dense_rotation_file.h"
#include "reference_trainer/roste/merge_rotations.h"

namespace trainer {

template <Backend B>
struct Session {
  Network<B> network;
  Tokenizer tokenizer;
  std::filesystem::path directory;  // where the model came from

  const ModelShape& shape() const { return network.plan.shape; }
};

// One line for people on stderr, unless --quiet.
void say(const CommandLine& line, const std::string& text);

// One line "warning: <text>" on stderr, also under --quiet.
void warn(const std::string& text);

// Prints `text` on stdout, ending in one newline; throws Error (CL-07, exit code 4) when stdout
// takes no more.
void print_result(const std::string& text);

// The end of an answer under --chat_template ends generations, too.
void add_end_of_turn(const CommandLine& line, const Tokenizer& tokenizer, ModelShape& shape);

template <Backend B>
Session<B> load_session(B& backend, const CommandLine& line) {
  const std::filesystem::path& directory = line.model.model_name_or_path;
  require_memory_to_load(line.model);
  Network<B> network = load_network(backend, directory, line.model.nonfinite, line.model.engine);
  Tokenizer tokenizer = Tokenizer::load(directory, network.plan.shape.vocab_size);
  add_end_of_turn(line, tokenizer, network.plan.shape);
  return {std::move(network), std::move(tokenizer), directory};
}

// How --dataset is read: no sample is longer than the model's context.
SftOptions reading_options(const CommandLine& line, const ModelShape& shape);

// --eval_fraction of so many samples, at least one; throws Error (DS-12) where fewer than two.
std::int64_t held_out_samples(const CommandLine& line, std::int64_t samples);

// What became of the rows of `file`, and which malformed ones were skipped, on stderr.
void say_counts(const CommandLine& line, const std::filesystem::path& file,
                const SftCounts& counts);

// Warns (DS-10) where some of `others`, samples to evaluate or choose on, are trained on.
void say_overlap(const CommandLine& line, const SampleView& train,
                 const std::vector<SftSample>& others);

// The samples of `file`, no longer than the model's context; counts are said on stderr.
SftDataset load_dataset(const CommandLine& line, const std::filesystem::path& file,
                        const Tokenizer& tokenizer, const ModelShape& shape);

struct DataSplits {
  std::vector<SftSample> train, eval;
};

// Creates the directory and its parents; throws Error (IO-02).
void make_directory(const std::filesystem::path& directory);

// --eval_dataset, or else --eval_fraction of --dataset chosen by --seed (at least one sample each).
DataSplits load_splits(const CommandLine& line, const Tokenizer& tokenizer,
                       const ModelShape& shape);

// The first n samples of a seeded shuffle, for calibration.
std::vector<SftSample> draw_samples(const SampleView& samples, std::int64_t n, std::uint64_t seed);

// --calibration_samples of `samples`, by --calibration_order.
std::vector<SftSample> calibration_samples(const CommandLine& line, const SampleView& samples);

// --calibration_samples of --calibration_dataset, or else of --dataset, by
// --calibration_order.
std::vector<SftSample> load_calibration(const CommandLine& line, const Tokenizer& tokenizer,
                                        const ModelShape& shape);

// The same rotations in every layer, with the seed and signs of the flags.
RotationChoice shared_rotations(const CommandLine& line, RotationMask mask,
                                const ModelShape& shape);

// --rotations as digits or as the file that `search` writes; nothing when the flag is empty.
std::optional<RotationChoice> chosen_rotations(const CommandLine& line, const ModelShape& shape);

// Throws RO-11 unless the network can still be rotated at will and trained or quantized:
// full-precision weights, R1 not merged.
void require_unrotated(const ForwardPlan& plan, const std::filesystem::path& directory);

// Says for which rotations no Hadamard matrix of the whole dimension exists.
void say_rotation_notes(const CommandLine& line, const ModelShape& shape,
                        const RotationChoice& choice);

// Drops the quantizers and in-block rotations that roste.json asks for: master weights are
// unrotated for R2 and R4, so what is left is the full-precision model itself.
template <Backend B>
void forget_plan(B& backend, Session<B>& session) {
  ForwardPlan& plan = session.network.plan;
  require_unrotated(plan, session.directory);
  const NormGains gains = plan.norm_gains;
  plan = plain_plan(plan.shape);
  plan.norm_gains = gains;
  update_effective_weights(backend, session.network);
}

// Full precision, folded and untied, as every method of a table starts.
template <Backend B>
void fold_for_quantization(B& backend, Session<B>& session) {
  forget_plan(backend, session);
  fold_norms(backend, session.network);
  update_effective_weights(backend, session.network);
}

// The model of the session; dense rotations, which no seed describes, as a file beside the weights.
template <Backend B>
void save_session(B& backend, Session<B>& session, const std::optional<DenseRotations>& dense,
                  const std::filesystem::path& output) {
  const auto write_rotations = [&](const std::filesystem::path& directory) {
    if (dense) write_dense_rotations(directory / kDenseRotationsFile, *dense);
  };
  save_network(backend, session.network,
               {session.shape(), to_json(session.network.plan), session.directory, write_rotations},
               output);
}

template <Backend B>
void save_session(B& backend, Session<B>& session, const std::filesystem::path& output) {
  save_session(backend, session, std::nullopt, output);
}

}  // namespace trainer
