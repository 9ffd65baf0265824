// Panels of half bytes and, beside them, their bytes, for the tiles of a paired product.
#pragma once

#include <algorithm>
#include <cstdint>

#include "roste/cpu/product_workspace.h"
#include "roste/cpu/simd/multiply.h"
#include "roste/cpu/weight_panels.h"

namespace roste::cpu::detail {

// What one tile reads of a panel, and with which kernel.
struct PanelReading {
  const std::uint8_t* codes = nullptr;
  std::uint8_t* wide = nullptr;  // ProductTile::wide
  TileKernel kernel = nullptr;
};

// The first tile that reads a panel writes its bytes, and those that follow read these: all panels
// where their bytes stay in a cache, so that the blocks that follow find them, too; otherwise one
// panel at a time.
class WidePanels {
 public:
  // tiles: of the whole product. cached_bytes: what stays in a cache.
  WidePanels(const WeightPanels& w, std::int64_t tiles, ProductRoute route,
             std::int64_t cached_bytes)
      : w_(w), route_(route) {
    const bool widens = route.method == ProductMethod::kPaired && w.width == CodeWidth::kNibble;
    if (!widens || tiles <= 1) return;
    const std::int64_t panels = panels_of(w.outputs);
    all_ = panels * panel_bytes() <= cached_bytes;
    size_ = (all_ ? panels : std::min<std::int64_t>(panels, 1)) * panel_bytes();
  }

  // Bytes of memory that `reserve` must give.
  std::int64_t size() const { return size_; }
  void reserve(std::uint8_t* bytes) { bytes_ = bytes; }

  // For tile t of `tiles` tiles of a block, and the panel p.
  PanelReading reading(std::int64_t p, const TileRows& tile, std::int64_t tiles) const {
    const std::uint8_t* codes = w_.codes + p * w_.panel_bytes();
    const bool kept = size_ > 0 && (all_ || tiles > 1);
    if (!kept) return {codes, nullptr, tile_kernel(w_.width, tile.count, route_)};
    std::uint8_t* wide = bytes_ + (all_ ? p * panel_bytes() : 0);
    const bool written = tile.first > 0 || (all_ && blocks_ > 0);
    if (written) return {wide, nullptr, tile_kernel(CodeWidth::kByte, tile.count, route_)};
    return {codes, wide, tile_kernel(w_.width, tile.count, route_, Widening::kWritten)};
  }

  void end_block() { ++blocks_; }

 private:
  std::int64_t panel_bytes() const { return steps_of(w_.inputs) * step_bytes(CodeWidth::kByte); }

  const WeightPanels& w_;
  ProductRoute route_;
  std::uint8_t* bytes_ = nullptr;
  std::int64_t size_ = 0;
  bool all_ = false;         // panels are kept
  std::int64_t blocks_ = 0;  // that have been multiplied
};

}  // namespace roste::cpu::detail
