// Where the values of an axis lie on a sheet, and which of them are named.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Smallest and largest of the values that an axis shows.
class ValueRange {
 public:
  explicit ValueRange(AxisScale scale) : scale_(scale) {}
  // Values that are not finite, and on logarithmic axes those <= 0, are not shown.
  bool shows(double value) const;
  void include(double value);
  AxisScale scale() const { return scale_; }
  // In units of the scale (a logarithm, or the value); {0, 1} when nothing is shown. Of equal ends
  // the upper one is moved by one, or by a thousandth where that is more.
  std::pair<double, double> ends() const;
  bool whole_numbers() const { return whole_; }  // all included values are integers

 private:
  AxisScale scale_;
  bool any_ = false, whole_ = true;
  double low_ = 0, high_ = 0;
};

// Maps the range, widened by `margin` of its length on both sides, to pixels [start, stop]; stop
// may be smaller than start.
class Ruler {
 public:
  Ruler(const ValueRange& range, double margin, double start, double stop);
  double operator()(double value) const;

  struct Tick {
    double pixel;
    std::string text;
  };
  // At round values, about `count` of them or fewer.
  std::vector<Tick> ticks(int count) const;

  double start() const { return start_; }
  double stop() const { return stop_; }

 private:
  double pixel_of(double scaled) const;
  std::vector<Tick> linear_ticks(int count) const;
  std::vector<Tick> logarithmic_ticks(int count) const;
  std::vector<Tick> multiples_of_powers(int first, int last) const;

  AxisScale scale_;
  bool whole_;
  double low_, high_;  // in units of the scale
  double start_, stop_;
};

}  // namespace trainer
