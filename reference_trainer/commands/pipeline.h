// The whole pipeline on one model and one data set: every method starts from the same folded,
// untied model, sees the same data in the same order, and is evaluated on the same samples.
#pragma once

#include <chrono>

#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/train/base_model.h"

namespace trainer {

// One row of the table and of results.json.
struct MethodResult {
  std::string method;  // "Base", "SFT", "RTN", "rotated RTN", "STE", "RoSTE"
  QuantConfig quant;   // all 16 bits where nothing is quantized
  RotationChoice choice;
  Evaluation evaluation;
  std::string model;   // directory of the saved model below --output_dir, or empty
  double seconds = 0;  // training and evaluation
};
nlohmann::ordered_json to_json(const MethodResult& result, const TrainSettings& training);
std::string results_table(const std::vector<MethodResult>& results);

template <Backend B>
class Pipeline {
 public:
  // `session` must be folded.
  Pipeline(B& backend, const CommandLine& line, Session<B>& session, DataSplits data)
      : backend_(backend),
        line_(line),
        session_(session),
        data_(std::move(data)),
        log_(line.output_dir) {
    base_ = get_parameters(backend, session.network.parameters);
  }

  void base() { finish({"Base"}, network_of(base_, {}, unrotated()), start()); }

  void sft() {
    const double began = start();
    Network<B> network = network_of(base_, {}, unrotated());
    train("SFT", network);
    sft_ = get_parameters(backend_, network.parameters);
    save(network, "sft");
    finish({"SFT", "sft"}, network, began);
  }

  // Post-training quantization of the SFT model.
  void rtn(const QuantConfig& quant, RotationMask mask) {
    const double began = start();
    const std::string name = mask.bits() == 0 ? "RTN" : "rotated RTN";
    finish({name},
           network_of(sft_, quant,
                      RotationChoice::shared(mask, session_.shape(), line_.rotation.rotation_seed)),
           began);
  }

  void ste(const QuantConfig& quant) {
    const double began = start();
    Network<B> network = network_of(base_, quant, unrotated());
    train("STE " + bits_name(quant), network);
    finish({"STE"}, network, began);
  }

  // Algorithm 1 with K = 1; the model goes to <output_dir>/<directory>.
  void roste(const QuantConfig& quant, const std::string& directory) {
    const double began = start();
    const Network<B> folded = network_of(base_, {}, unrotated());
    const auto [choice, record] = search_rotations(backend_, line_, quant, folded, data_.train);
    write_file_atomically(line_.output_dir / (directory + "-search.json"), record.dump(2) + "\n");
    Network<B> network = network_of(base_, quant, choice);
    train("RoSTE " + bits_name(quant), network);
    save(network, directory);
    finish({"RoSTE", directory}, network, began);
  }

  const std::vector<MethodResult>& results() const { return results_; }

  // What results.json holds: one object per method.
  nlohmann::ordered_json results_json() const {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    const TrainSettings training =
        train_settings(line_, static_cast<std::int64_t>(data_.train.size()));
    for (const MethodResult& r : results_) all.push_back(to_json(r, training));
    return all;
  }

 private:
  struct Stage {
    std::string method;
    std::string model = {};  // where it was saved, or empty
  };

  static double start() { return steady_seconds(); }

  RotationChoice unrotated() const {
    return RotationChoice::shared(RotationMask(), session_.shape(), line_.rotation.rotation_seed);
  }

  Network<B> network_of(const HostParameters& values, const QuantConfig& quant,
                        const RotationChoice& choice) {
    Network<B> network = make_network(backend_, session_.network.plan);
    set_parameters(backend_, values, network.parameters);
    apply_plan(backend_, quant, choice, network);
    return network;
  }

  void train(const std::string& stage, Network<B>& network) {
    TrainingState<B> state(backend_, network);
    TrainingJob<B> job{network, state};
    fine_tune<B>(backend_, line_, {stage, &log_}, data_.train, job);
  }

  void save(Network<B>& network, const std::string& directory) {
    save_network(backend_, network, {network.plan.shape, to_json(network.plan), session_.directory},
                 line_.output_dir / directory);
  }

  // Evaluates, and rewrites results.json so that an interruption loses only the stage under way.
  void finish(const Stage& stage, const Network<B>& network, double began) {
    const Evaluation e =
        evaluate_samples<B>(backend_, line_, network, session_.tokenizer, data_.eval);
    results_.push_back({stage.method, network.plan.quant, network.plan.choice, e, stage.model,
                        steady_seconds() - began});
    write_file_atomically(line_.output_dir / "results.json", results_json().dump(2) + "\n");
  }

  B& backend_;
  const CommandLine& line_;
  Session<B>& session_;
  DataSplits data_;
  RunLog log_;
  HostParameters base_, sft_;  // folded weights, unrotated
  std::vector<MethodResult> results_;
};

}  // namespace trainer
