// Several problems of one file in one error line, so that they can be mended in one go.
#pragma once

#include <cstddef>
#include <string>

#include "reference_trainer/base/error.h"

namespace trainer {

class ProblemList {
 public:
  // How many problems are spelt out; the others are counted.
  static constexpr std::size_t kMaxListed = 20;

  void add(const std::string& problem) {
    if (++count_ <= kMaxListed) text_ += (text_.empty() ? "" : "; ") + problem;
  }

  // Throws Error(kBadInput) when there is at least one problem.
  void throw_if_any(const std::string& code, const std::string& where,
                    const std::string& expected) const {
    if (count_ == 0) return;
    const std::string more =
        count_ > kMaxListed ? "; and " + std::to_string(count_ - kMaxListed) + " more" : "";
    throw_bad_input(
        {code, where,
         std::to_string(count_) + (count_ == 1 ? " problem (" : " problems (") + text_ + more + ")",
         expected, ""});
  }

 private:
  std::size_t count_ = 0;
  std::string text_;
};

}  // namespace trainer
