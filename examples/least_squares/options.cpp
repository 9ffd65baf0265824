#include "examples/least_squares/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "examples/least_squares/failure.h"

namespace least_squares {

namespace {

constexpr int kMostDim = 8192, kMostSamples = 1024, kMostSteps = 1000000, kMostPaths = 65536;
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 24;  // weights of all paths: 128 MiB
constexpr double kMostOutlier = 1e6;

const std::map<std::string, std::vector<RotationKind>> kRotationWords = {
    {"none", {RotationKind::kNone}},
    {"hadamard", {RotationKind::kHadamard}},
    {"both", {RotationKind::kNone, RotationKind::kHadamard}}};

const std::map<std::string, std::vector<Experiment>> kExperimentWords = {
    {"bound", {Experiment::kBound}},
    {"bits", {Experiment::kBits}},
    {"region", {Experiment::kRegion}},
    {"activations", {Experiment::kActivations}},
    {"all", Settings{}.experiments}};

const std::map<std::string, roste::RangeRule> kRangeWords = {
    {"symmetric", roste::RangeRule::kSymmetric}, {"asymmetric", roste::RangeRule::kZeroIncluded}};

// Words of the command line that become other types after parsing.
struct Words {
  std::string experiment = "all", rotation = "both", a_range = "symmetric";
};

template <class Map>
CLI::Validator one_of(const Map& words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  return CLI::IsMember(names);
}

[[noreturn]] void refuse(const std::string& problem) { throw Failure(ExitCode::kUsage, problem); }

void add_data(CLI::App& app, Settings& s) {
  app.add_option("--dim", s.data.dim, "features d; a Hadamard matrix of that order must exist")
      ->check(CLI::Range(2, kMostDim))
      ->capture_default_str();
  app.add_option("--samples", s.data.samples, "samples n <= d")
      ->check(CLI::Range(1, kMostSamples))
      ->capture_default_str();
  app.add_option("--outlier", s.data.weight_outlier,
                 "added to one pre-trained weight, in standard deviations")
      ->check(CLI::Range(0.0, kMostOutlier))
      ->capture_default_str();
  app.add_option("--a_outlier", s.data.feature_outlier,
                 "added to one feature of all samples, likewise; activations: 32 if 0")
      ->check(CLI::Range(0.0, kMostOutlier))
      ->capture_default_str();
  app.add_option("--shift", s.data.shift, "distance of the labels' weights from the pre-trained")
      ->check(CLI::Range(0.0, kMostOutlier))
      ->capture_default_str();
  app.add_option("--data", s.data_file, "CSV of samples; a column named y holds labels")
      ->type_name("FILE");
}

void add_quantizers(CLI::App& app, Settings& s, Words& words) {
  app.add_option("--w_bits", s.w_bits, "bits of weights, 2 ... 16; 32: not quantized")
      ->capture_default_str();
  app.add_option("--a_bits", s.a_bits, "bits of features, 2 ... 16; 32: not quantized")
      ->capture_default_str();
  app.add_option("--a_range", words.a_range, "grid of features")
      ->check(one_of(kRangeWords))
      ->capture_default_str();
  app.add_option("--rotation", words.rotation, "R of eq. (14)")
      ->check(one_of(kRotationWords))
      ->capture_default_str();
}

void add_descent(CLI::App& app, Settings& s) {
  app.add_option("--step_scale", s.step_scale, "step size in units of lambda_min / (6 rho)")
      ->check(CLI::Range(1e-6, 1e6))
      ->capture_default_str();
  app.add_option("--steps", s.steps, "steps T of eq. (15)")
      ->check(CLI::Range(1, kMostSteps))
      ->capture_default_str();
  app.add_option("--paths", s.paths, "sequences of samples an expectation follows")
      ->check(CLI::Range(1, kMostPaths))
      ->capture_default_str();
  app.add_option("--delta", s.delta, "eqs. (21), (22) hold with probability 1 - delta")
      ->check(CLI::Range(1e-12, 1.0))
      ->capture_default_str();
  app.add_option("--seeds", s.seeds, "problems, each with its own rotation")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seed", s.data.seed, "the first of them")->capture_default_str();
}

void add_experiments(CLI::App& app, Settings& s, Words& words) {
  app.add_option("--experiment", words.experiment, "what to run")
      ->check(one_of(kExperimentWords))
      ->capture_default_str();
  app.add_option("--output_dir", s.output_dir, "directory to create, for CSV files and figures")
      ->type_name("DIR");
}

void check_bits(const std::string& flag, int bits, int smallest) {
  if ((bits >= smallest && bits <= 16) || bits == kFullPrecision) return;
  refuse(flag + " " + std::to_string(bits) + ": expected " + std::to_string(smallest) +
         " to 16, or 32 for full precision");
}

// The next smaller and larger dimension that the library rotates as a whole.
std::string rotatable_neighbours(int dim) {
  const auto whole = [](int d) { return roste::Rotation::hadamard(d, 0).note().empty(); };
  int below = dim, above = dim;
  while (!whole(below)) --below;
  while (!whole(above)) ++above;
  return std::to_string(below) + " or " + std::to_string(above);
}

void check_dim(const Settings& s) {
  if (!s.data_file.empty()) return;
  if (s.data.samples > s.data.dim) {
    refuse("--samples " + std::to_string(s.data.samples) + ": expected at most --dim " +
           std::to_string(s.data.dim) + ", so that Assumption 4.2 can hold");
  }
  const bool rotated = s.rotations.back() == RotationKind::kHadamard;
  if (rotated && !roste::Rotation::hadamard(s.data.dim, 0).note().empty()) {
    refuse("--dim " + std::to_string(s.data.dim) +
           ": no Hadamard matrix of this order is constructed; try " +
           rotatable_neighbours(s.data.dim));
  }
}

void check(const Settings& s) {
  check_bits("--w_bits", s.w_bits, 2);
  check_bits("--a_bits", s.a_bits, s.a_range == roste::RangeRule::kSymmetric ? 2 : 1);
  for (const double value :
       {s.data.weight_outlier, s.data.feature_outlier, s.data.shift, s.step_scale, s.delta}) {
    if (!std::isfinite(value)) refuse("the command line holds a number that is not finite");
  }
  if (static_cast<std::int64_t>(s.paths) * s.data.dim > kMostNumbers) {
    refuse("--paths " + std::to_string(s.paths) + " of --dim " + std::to_string(s.data.dim) +
           ": expected a product of at most " + std::to_string(kMostNumbers));
  }
  check_dim(s);
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text;
}

}  // namespace

std::optional<Settings> parse_options(int argc, char** argv) {
  CLI::App app("Theorem 4.3 and Proposition 4.4 of RoSTE on quantized least squares.",
               "least_squares");
  Settings settings;
  Words words;
  add_experiments(app, settings, words);
  add_data(app, settings);
  add_quantizers(app, settings, words);
  add_descent(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    refuse(one_line(error.what()));
  }
  settings.experiments = kExperimentWords.at(words.experiment);
  settings.rotations = kRotationWords.at(words.rotation);
  settings.a_range = kRangeWords.at(words.a_range);
  check(settings);
  return settings;
}

}  // namespace least_squares
