// The colours keep what svg_palette.h promises.
#include "reference_trainer/report/svg_palette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "reference_trainer/report/html_style.h"

namespace trainer {
namespace {

// Relative luminance of WCAG 2.1.
double luminance(const Rgb& colour) {
  const auto linear = [](std::uint8_t channel) {
    const double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b);
}

Rgb parsed(std::string_view hex) {
  const auto channel = [&](std::size_t at) {
    return static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  };
  return {channel(1), channel(3), channel(5)};
}

double contrast(std::string_view a, std::string_view b) {
  const double la = luminance(parsed(a)), lb = luminance(parsed(b));
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

TEST(Palette, ContrastOnBothBackgrounds) {
  for (const Palette& palette : {kLightPalette, kDarkPalette}) {
    EXPECT_GE(contrast(palette.ink, palette.background), 4.5);
    EXPECT_GE(contrast(palette.soft, palette.background), 4.5);
    for (const std::string_view colour : palette.series)
      EXPECT_GE(contrast(colour, palette.background), 3) << colour;
  }
}

// The page's colours of texts: variables of the light block, then of the dark one.
TEST(Palette, ContrastOfThePage) {
  const auto value = [&](std::string_view name, std::size_t from) {
    const std::size_t at = kPageStyle.find(name, from);
    return kPageStyle.substr(kPageStyle.find('#', at), 7);
  };
  const std::size_t dark = kPageStyle.find("@media screen and (prefers-color-scheme:dark)");
  for (const std::size_t block : {std::size_t{0}, dark}) {
    for (const char* name : {"--ink:", "--soft:", "--link:", "--good:", "--bad:", "--open:"}) {
      EXPECT_GE(contrast(value(name, block), value("--page:", block)), 4.5) << name;
    }
    EXPECT_GE(contrast(value("--ink:", block), value("--panel:", block)), 4.5);
  }
}

TEST(Palette, HeatOnlyGetsBrighter) {
  const auto colours = heat_palette();
  for (std::size_t i = 1; i < colours.size(); ++i)
    EXPECT_GE(luminance(colours[i]), luminance(colours[i - 1])) << i;
  EXPECT_LT(luminance(colours.front()), 0.02);
  EXPECT_GT(luminance(colours.back()), 0.7);
}

}  // namespace
}  // namespace trainer
