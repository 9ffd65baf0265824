// The error for NaN and infinity in the input of a quantizer.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace roste {

// A NaN or an infinity has no code, and would poison the scale of its whole group.
class NonFiniteError : public std::domain_error {
 public:
  NonFiniteError(float value, std::int64_t row, std::int64_t col)
      : std::domain_error("roste: value " + std::to_string(value) + " at row " +
                          std::to_string(row) + ", column " + std::to_string(col) +
                          "; expected a finite number"),
        value_(value),
        row_(row),
        col_(col) {}

  float value() const { return value_; }
  std::int64_t row() const { return row_; }
  std::int64_t col() const { return col_; }

  // The same error for a matrix of which this one's rows start at first_row.
  NonFiniteError below(std::int64_t first_row) const { return {value_, first_row + row_, col_}; }

 private:
  float value_;
  std::int64_t row_, col_;
};

}  // namespace roste
