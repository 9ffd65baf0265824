// What rotations do to the inputs of the quantizers: magnitudes for Figs. 2 and 5, ranges for
// Fig. 6.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "reference_trainer/roste/calibrate.h"

namespace trainer {

// |x| of the first tokens of a sample at one site, before and after its rotation.
struct SiteMap {
  std::int64_t tokens = 0, channels = 0;
  std::vector<float> before, after;  // [tokens, channels]
};

// max - min over a quantization group, averaged over groups, before and after.
struct SiteRange {
  double before = 0, after = 0;
};

struct SiteViews {
  // [layer * kSites.size() + site]
  std::vector<SiteMap> maps;
  std::vector<SiteRange> ranges;
};

// A tap that keeps what SiteViews holds.
template <Backend B>
class SiteViewer {
 public:
  static constexpr std::int64_t kTokens = 64;  // rows of a map: enough to see, small enough to keep

  SiteViewer(B& backend, const ModelShape& shape, const RotationMatrices& matrices)
      : backend_(backend), shape_(shape), matrices_(matrices) {
    const std::size_t n = static_cast<std::size_t>(shape.layers) * kSites.size();
    views_.maps.resize(n);
    views_.ranges.resize(n);
    groups_.assign(n, 0);
  }

  void operator()(std::size_t layer, Site site, const Tensor<B>& x) {
    const std::size_t i = layer * kSites.size() + static_cast<std::size_t>(site);
    copy(backend_, x, rotated_);
    rotate(backend_, matrix_of(matrices_, layer, rotation_of(site)), rotated_);
    const std::vector<float> before = on_host(x), after = on_host(rotated_);
    const std::int64_t group = group_size(shape_, site);
    views_.ranges[i].before += sum_of_ranges(before, group);
    views_.ranges[i].after += sum_of_ranges(after, group);
    groups_[i] += static_cast<std::int64_t>(before.size()) / group;
    SiteMap& map = views_.maps[i];
    if (map.tokens > 0) return;
    map.tokens = std::min(kTokens, x.rows());
    map.channels = x.cols();
    map.before = magnitudes(before, map.tokens * map.channels);
    map.after = magnitudes(after, map.tokens * map.channels);
  }

  SiteViews views() const {
    SiteViews averaged = views_;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const double n = static_cast<double>(std::max<std::int64_t>(groups_[i], 1));
      averaged.ranges[i].before /= n;
      averaged.ranges[i].after /= n;
    }
    return averaged;
  }

 private:
  std::vector<float> on_host(const Tensor<B>& x) {
    std::vector<float> values(static_cast<std::size_t>(x.size()));
    copy_to_host<float>(backend_, x, values);
    return values;
  }

  static double sum_of_ranges(const std::vector<float>& x, std::int64_t group) {
    double sum = 0;
    for (auto first = x.begin(); first != x.end(); first += group) {
      const auto [low, high] = std::minmax_element(first, first + group);
      sum += static_cast<double>(*high) - static_cast<double>(*low);
    }
    return sum;
  }

  static std::vector<float> magnitudes(const std::vector<float>& x, std::int64_t count) {
    std::vector<float> m(static_cast<std::size_t>(count));
    std::transform(x.begin(), x.begin() + count, m.begin(), [](float v) { return std::abs(v); });
    return m;
  }

  B& backend_;
  const ModelShape& shape_;
  const RotationMatrices& matrices_;
  SiteViews views_;
  std::vector<std::int64_t> groups_;
  Tensor<B> rotated_;
};

// Of a folded, unrotated network that does not quantize; maps are of the first sample.
template <Backend B>
SiteViews view_sites(B& backend, const Network<B>& network, std::uint64_t rotation_seed,
                     std::span<const SftSample> samples) {
  const RotationMatrices matrices = make_rotation_matrices(network.plan.shape, rotation_seed);
  SiteViewer<B> viewer(backend, network.plan.shape, matrices);
  constexpr std::size_t kOneSample = 1;  // so that a map shows one text
  run_samples(backend, network, samples, kOneSample, viewer);
  return viewer.views();
}

}  // namespace trainer
