// Pictures of indexed colours as PNG (W3C, "Portable Network Graphics", third edition, 2025),
// without compression: the pictures are small, and nothing but this file is needed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "reference_trainer/report/svg_palette.h"

namespace trainer {

// A row-major picture of `width` columns, an index into `palette` a pixel. The number of pixels is
// a positive multiple of width; palette has 1 to 256 colours. Throws std::invalid_argument.
std::string indexed_png(std::int64_t width, std::span<const std::uint8_t> pixels,
                        std::span<const Rgb> palette);

// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

}  // namespace trainer
