// What every method of a table starts from: one folded, untied model and one set of data.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "reference_trainer/data/sft_dataset.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/base_model.h"

namespace trainer {

// Disjoint samples of one data set.
struct StudyData {
  std::vector<SftSample> train;
  std::vector<SftSample> calibration;  // for measuring and for post-training methods
  std::vector<SftSample> validation;   // on which settings are chosen
  std::vector<SftSample> test;
};

struct StartModel {
  ForwardPlan plan;           // folded, full precision, unrotated
  HostParameters parameters;  // folded, in tensor_list's order
  Tokenizer tokenizer;
  std::filesystem::path directory;  // where the model came from
  StudyData data;
  std::string hash;  // see hash_of
};

// The start of `model` ("pythia", ...) for a seed. May take minutes: it may train a base model.
using StartLoader = std::function<StartModel(const std::string& model, std::uint64_t seed)>;

// XXH3-128 of everything but `directory` and `hash`: plan, shape, weights, what every token says,
// and samples with their references.
std::string hash_of(const StartModel& start);

// A network with `values` under `choice` and `quant`.
template <Backend B>
Network<B> network_of(B& backend, const StartModel& start, const HostParameters& values,
                      const QuantConfig& quant, const RotationChoice& choice) {
  Network<B> network = make_network(backend, start.plan);
  set_parameters(backend, values, network.parameters);
  apply_plan(backend, quant, choice, network);
  return network;
}

}  // namespace trainer
