#include "reference_trainer/report/svg_axis.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

double scaled(AxisScale scale, double value) {
  return scale == AxisScale::kLog10  ? std::log10(value)
         : scale == AxisScale::kLog2 ? std::log2(value)
                                     : value;
}

// 1, 2 or 5 times a power of ten, the smallest that is at least `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// factor times 10 to `power`, correctly rounded: powers of ten up to 22 are exact.
double decimal(int factor, int power) {
  return power < 0 ? factor / std::pow(10, -power) : factor * std::pow(10, power);
}

// `value`, a multiple of `step`, with the digits that the step needs; thousands as k, M, G when the
// axis reaches 10000.
std::string linear_text(double value, double step, double largest) {
  double unit = 1;
  const char* letter = "";
  for (const auto& [size, name] : {std::pair{1e9, "G"}, std::pair{1e6, "M"}, std::pair{1e3, "k"}}) {
    if (largest < 10 * size || unit > 1) continue;
    unit = size;
    letter = name;
  }
  const double digits = -std::floor(std::log10(step / unit) + 1e-9);
  return fixed_text(value / unit, static_cast<int>(std::clamp(digits, 0.0, 12.0))) +
         (value == 0 ? "" : letter);
}

// 10 to `power`: 0.01 ... 1000 as they are, others as 10 with an exponent.
std::string power_text(int power) {
  if (power >= -2 && power <= 3) return shortest_text(decimal(1, power));
  constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = power < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(power))) text += kDigits[digit - '0'];
  return text;
}

}  // namespace

bool ValueRange::shows(double value) const {
  return std::isfinite(value) && (scale_ == AxisScale::kLinear || value > 0);
}

void ValueRange::include(double value) {
  if (!shows(value)) return;
  const double s = scaled(scale_, value);
  low_ = any_ ? std::min(low_, s) : s;
  high_ = any_ ? std::max(high_, s) : s;
  whole_ = whole_ && value == std::floor(value);
  any_ = true;
}

std::pair<double, double> ValueRange::ends() const {
  if (!any_) return {0, 1};
  // Neighbours of double would make steps that vanish beside the values.
  const double least = 1e-9 * std::max(std::abs(low_), std::abs(high_));
  return {low_, high_ - low_ > least ? high_ : low_ + std::max(1.0, 1e6 * least)};
}

Ruler::Ruler(const ValueRange& range, double margin, double start, double stop)
    : scale_(range.scale()), whole_(range.whole_numbers()), start_(start), stop_(stop) {
  const auto [low, high] = range.ends();
  low_ = low - margin * (high - low);
  high_ = high + margin * (high - low);
}

double Ruler::pixel_of(double s) const {
  return start_ + (s - low_) / (high_ - low_) * (stop_ - start_);
}

double Ruler::operator()(double value) const { return pixel_of(scaled(scale_, value)); }

std::vector<Ruler::Tick> Ruler::ticks(int count) const {
  return scale_ == AxisScale::kLinear ? linear_ticks(count) : logarithmic_ticks(count);
}

std::vector<Ruler::Tick> Ruler::linear_ticks(int count) const {
  double step = round_step((high_ - low_) / count);
  if (whole_) step = std::max(step, 1.0);
  const double largest = std::max(std::abs(low_), std::abs(high_));
  std::vector<Tick> ticks;
  for (double k = std::ceil(low_ / step - 1e-9); k * step <= high_ + step * 1e-9; ++k)
    ticks.push_back({pixel_of(k * step), linear_text(k * step + 0.0, step, largest)});  // no -0
  return ticks;
}

// Whole powers; of ten also multiples where few powers would be seen.
std::vector<Ruler::Tick> Ruler::logarithmic_ticks(int count) const {
  const int first = static_cast<int>(std::ceil(low_ - 1e-9));
  const int last = static_cast<int>(std::floor(high_ + 1e-9));
  const int step = std::max(1, (last - first) / count + 1);
  if (scale_ == AxisScale::kLog10 && last - first < 2) return multiples_of_powers(first, last);
  std::vector<Tick> ticks;
  for (int power = first; power <= last; power += step) {
    const std::string text =
        scale_ == AxisScale::kLog10 ? power_text(power) : shortest_text(std::exp2(power));
    ticks.push_back({pixel_of(power), text});
  }
  return ticks;
}

// 1, 2, 5 times powers of ten, and 3 times where there is room.
std::vector<Ruler::Tick> Ruler::multiples_of_powers(int first, int last) const {
  std::vector<Tick> ticks;
  for (int power = first - 1; power <= last; ++power) {
    for (const int factor : {1, 2, 3, 5}) {
      const double value = decimal(factor, power), s = std::log10(value);
      if (s < low_ - 1e-9 || s > high_ + 1e-9 || (factor == 3 && last > first)) continue;
      ticks.push_back({pixel_of(s), shortest_text(value)});
    }
  }
  return ticks;
}

}  // namespace trainer
