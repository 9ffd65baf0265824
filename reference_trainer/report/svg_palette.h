// The colours of all figures. Series are told apart by hue and by dashes; the hues are those of
// Okabe and Ito ("Color universal design", 2008), darkened or lightened until each has a contrast
// of at least 3 : 1 with its background (WCAG 2.1, 1.4.11), and 4.5 : 1 where it colours text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace trainer {

struct Rgb {
  std::uint8_t r, g, b;
};

// "#rrggbb" each.
struct Palette {
  std::string_view background, ink, soft, rule;  // page, text, lesser text and axes, grid lines
  std::array<std::string_view, 6> series;
};

inline constexpr Palette kLightPalette = {
    "#ffffff",
    "#1d2329",
    "#59636e",
    "#dde2e7",
    {"#0072b2", "#c24a00", "#00805b", "#a84583", "#8a6100", "#59636e"}};
inline constexpr Palette kDarkPalette = {
    "#14181c",
    "#e4e8ec",
    "#9aa5b1",
    "#313940",
    {"#56b4e9", "#f08a4b", "#3fc79a", "#e08fc0", "#e0b040", "#9aa5b1"}};

// Dashes of the series 0 - 5, 6 - 11, and the rest: lengths in pixels, empty: solid.
inline constexpr std::array<std::string_view, 3> kSeriesDashes = {"", "7 3", "2 3"};

// 256 colours for magnitudes, from dark to bright: the luminance only grows, so the order survives
// grey print and every kind of colour blindness. Lines through nine colours of our own.
constexpr std::array<Rgb, 256> heat_palette() {
  constexpr int kAnchors[9][3] = {{8, 10, 38},     {28, 32, 92},   {38, 64, 130},
                                  {34, 98, 146},   {32, 130, 146}, {50, 166, 134},
                                  {112, 198, 100}, {184, 210, 84}, {252, 232, 110}};
  std::array<Rgb, 256> colours{};
  for (int i = 0; i < 256; ++i) {
    const int place = i * 8, segment = place / 256 < 7 ? place / 256 : 7;
    const int part = place - segment * 256;  // of 256
    const auto channel = [&](int c) {
      const int low = kAnchors[segment][c], high = kAnchors[segment + 1][c];
      return static_cast<std::uint8_t>(low + (high - low) * part / 255);
    };
    colours[static_cast<std::size_t>(i)] = {channel(0), channel(1), channel(2)};
  }
  return colours;
}

}  // namespace trainer
