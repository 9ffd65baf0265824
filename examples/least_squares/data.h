// The data of an experiment, the same for every rotation and bit-width.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>

#include "examples/least_squares/model.h"

namespace least_squares {

// Fine-tuning in small: weights come from before, labels from weights nearby.
struct DataSet {
  Matrix x;           // [n, d] samples x_i
  Vector y;           // [n] labels
  Vector pretrained;  // [d] the weights w^0 at which eq. (15) starts
};

struct DataSettings {
  int dim = 64;                // d, e.g. 64
  int samples = 8;             // n <= d: over-parameterised, so that Assumption 4.2 can hold
  double weight_outlier = 12;  // added to one weight of w^0, in standard deviations; 0: none
  double feature_outlier = 0;  // added to one feature of every sample, likewise
  double shift = 0.5;          // distance of the labels' weights from w^0, in units of 1 / sqrt(d)
  std::uint64_t seed = 1;
};

// Which random numbers of one seed are for what.
enum class Stream : std::uint64_t { kFeatures, kWeights, kShift, kRotation, kSamples };

// The seed of a stream; distinct streams and seeds share no numbers in practice.
inline std::uint64_t stream_seed(std::uint64_t seed, Stream stream) {
  return roste::random_bits(seed, static_cast<std::uint64_t>(stream));
}

// Standard normal number `index` of a stream (Box-Muller), a function of both arguments alone.
inline double normal(std::uint64_t stream, std::uint64_t index) {
  const auto uniform = [&](std::uint64_t i) {  // in (0, 1)
    return (static_cast<double>(roste::random_bits(stream, i) >> 11) + 0.5) * 0x1p-53;
  };
  const double radius = std::sqrt(-2 * std::log(uniform(2 * index)));
  return radius * std::cos(2 * std::numbers::pi * uniform(2 * index + 1));
}

inline Vector normal_vector(std::uint64_t stream, Eigen::Index size) {
  Vector v(size);
  for (Eigen::Index i = 0; i < size; ++i) v(i) = normal(stream, static_cast<std::uint64_t>(i));
  return v;
}

// Pre-trained weights N(0, 1/d) with one outlier in the middle.
inline Vector make_pretrained(const DataSettings& settings) {
  Vector w = normal_vector(stream_seed(settings.seed, Stream::kWeights), settings.dim);
  w(settings.dim / 2) += settings.weight_outlier;
  return w / std::sqrt(static_cast<double>(settings.dim));
}

// y_i = <x_i, w^0 + shift g>, g ~ N(0, I/d): what a full-precision model would have to learn.
inline Vector make_labels(const DataSettings& settings, const Matrix& x, const Vector& pretrained) {
  const Vector g = normal_vector(stream_seed(settings.seed, Stream::kShift), x.cols());
  return x * (pretrained + settings.shift / std::sqrt(static_cast<double>(x.cols())) * g);
}

// n samples of N(0, I) with one outlier feature, and their labels.
inline DataSet make_data(const DataSettings& settings) {
  DataSet data;
  data.x.resize(settings.samples, settings.dim);
  data.x.reshaped<Eigen::RowMajor>() =
      normal_vector(stream_seed(settings.seed, Stream::kFeatures), data.x.size());
  data.x.col(settings.dim / 3).array() += settings.feature_outlier;
  data.pretrained = make_pretrained(settings);
  data.y = make_labels(settings, data.x, data.pretrained);
  return data;
}

// The same with samples, and labels where there are some, from elsewhere; settings.dim is ignored.
inline DataSet make_data(DataSettings settings, const Matrix& x, const std::optional<Vector>& y) {
  settings.dim = static_cast<int>(x.cols());
  DataSet data{x, Vector(), make_pretrained(settings)};
  data.y = y ? *y : make_labels(settings, x, data.pretrained);
  return data;
}

}  // namespace least_squares
