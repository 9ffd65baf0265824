#include "reference_trainer/baselines/spinquant.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

void require(bool holds, const char* expected) {
  if (!holds) throw std::invalid_argument(std::string("learn_rotations: expected ") + expected);
}

}  // namespace

void check_spinquant(const SpinQuantSettings& settings, std::size_t samples,
                     const ForwardPlan& folded) {
  require(settings.steps > 0 && settings.batch > 0, "positive steps and batch");
  require(!settings.online.r(1) && !settings.online.r(2), "R3 and R4 alone online");
  require(samples > 0, "samples");
  require(folded.norm_gains == NormGains::kFolded, "folded norms");
  require(folded.weight_form == WeightForm::kMaster, "master weights");
}

void check_spinquant_loss(std::int64_t step, double loss) {
  if (std::isfinite(loss)) return;
  throw Error(ExitCode::kNumerics,
              {"TR-01", "step " + std::to_string(step) + " of learning rotations",
               "loss " + std::to_string(loss), "a finite number", "lower the learning rate"});
}

TrainSettings schedule_of(const SpinQuantSettings& settings) {
  TrainSettings schedule;
  schedule.learning_rate = settings.learning_rate;
  schedule.schedule = Schedule::kCosine;
  schedule.max_steps = settings.steps;
  schedule.micro_batch = settings.batch;
  schedule.seed = settings.seed;
  return schedule;
}

RotationChoice online_choice(const SpinQuantSettings& settings, const ModelShape& shape) {
  RotationChoice choice = RotationChoice::shared(settings.online, shape, settings.seed);
  choice.online_signs = settings.online_signs;
  return choice;
}

QuantConfig learning_quantizers(const SpinQuantSettings& settings, const QuantConfig& quant) {
  QuantConfig learning = quant;
  if (settings.weights == LearningWeights::kFullPrecision) learning.weight = {};
  return learning;
}

double largest_defect(const DenseRotations& rotations) {
  double defect = orthogonality_defect(rotations.r1);
  for (const DenseRotation& r2 : rotations.r2) defect = std::max(defect, orthogonality_defect(r2));
  return defect;
}

nlohmann::ordered_json to_json(const SpinQuantResult& result) {
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  for (const SpinQuantStep& s : result.history) {
    history.push_back({{"step", s.step},
                       {"loss", s.loss},
                       {"learning_rate", s.learning_rate},
                       {"r1_step_size", s.r1_step_size}});
  }
  return {{"hadamard_loss", result.hadamard_loss},
          {"learned_loss", result.learned_loss},
          {"orthogonality_defect", result.defect},
          {"online", result.online.layers.at(0).text()},
          {"seed", result.online.seed},
          {"history", history}};
}

RotationOptimizer::RotationOptimizer(const CayleySettings& settings, const DenseRotations& start)
    : rotations_(start), r1_(settings, start.r1) {
  for (const DenseRotation& r2 : start.r2) r2_.emplace_back(settings, r2);
}

double RotationOptimizer::step(double learning_rate, const RotationGradients& gradients) {
  const CayleyStep taken = r1_.step(learning_rate, gradients.r1);
  rotations_.r1 = r1_.point();
  for (std::size_t i = 0; i < r2_.size(); ++i) {
    r2_[i].step(learning_rate, gradients.r2[i]);
    rotations_.r2[i] = r2_[i].point();
  }
  return taken.step_size;
}

}  // namespace trainer
