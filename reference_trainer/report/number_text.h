// Numbers for people, the same in every locale.
#pragma once

#include <string>

namespace trainer {

// `value` with `decimals` (0 ... 17) digits after the point; "nan", "inf", "-inf" for those.
std::string fixed_text(double value, int decimals);

// The shortest text that reads back as the same number, e.g. "0.1", "3e-05".
std::string shortest_text(double value);

// Three significant digits and a unit: "950", "5.12k", "1.30M", "2.00G". value >= 0.
std::string short_count_text(double value);

}  // namespace trainer
