#include <algorithm>

#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

constexpr double kTop = 34;
constexpr double kRunRow = 22, kRunHeading = 40;

struct TurnGrid {
  double left, cell;
  std::int64_t layers;
};

double column_of(const TurnGrid& grid, std::size_t rotation, std::int64_t layer) {
  constexpr double kBetween = 8;
  if (rotation == 0) return grid.left;
  const double before =
      1 + static_cast<double>((static_cast<std::int64_t>(rotation) - 1) * grid.layers + layer);
  return grid.left + before * grid.cell + kBetween * static_cast<double>(rotation);
}

void draw_turn(const TurnGrid& grid, double x, double y, GridMark turn, SvgCanvas& canvas) {
  const double inset = grid.cell > 8 ? 1 : 0.4;
  const Box box{x + inset, y + 2, grid.cell - 2 * inset, kRunRow - 5};
  canvas.rectangle(box, turn == GridMark::kHadamard ? "fill-0" : "empty");
}

void draw_run(const TurnGrid& grid, const RotationGrid& choice, double y, SvgCanvas& canvas) {
  for (std::size_t r = 0; r < 4; ++r) {
    const std::size_t layers = r == 0 ? std::min<std::size_t>(choice.layers.size(), 1)  // global
                                      : choice.layers.size();
    for (std::size_t l = 0; l < layers; ++l)
      draw_turn(grid, column_of(grid, r, static_cast<std::int64_t>(l)), y, choice.layers[l][r],
                canvas);
  }
}

void draw_headings(const TurnGrid& grid, SvgCanvas& canvas) {
  constexpr const char* kNames[] = {"R1", "R2", "R3", "R4"};
  for (std::size_t r = 0; r < 4; ++r) {
    const double x = column_of(grid, r, 0);
    canvas.words({x, kTop + 14}, kNames[r], {12, Anchor::kStart, "ink", 600});
    if (r == 0 || grid.layers < 2) continue;
    canvas.words({x + 1, kTop + 30}, "0", {11, Anchor::kStart, "soft"});
    canvas.words({x + grid.cell * static_cast<double>(grid.layers) - 1, kTop + 30},
                 std::to_string(grid.layers - 1), {11, Anchor::kEnd, "soft"});
  }
}

std::string digits(const RotationGrid& choice) {
  std::string text = choice.name + ":";
  for (const auto& layer : choice.layers) {
    text += ' ';
    for (const GridMark turn : layer) text += turn == GridMark::kHadamard ? '1' : '0';
  }
  return text;
}

}  // namespace

std::string rotation_svg(const std::vector<RotationGrid>& choices, const std::string& id) {
  double label = 60;
  std::size_t layers = 1;
  std::string description = "Filled cells are rotated; R1 R2 R3 R4 of every layer";
  for (const RotationGrid& choice : choices) {
    label = std::max(label, std::min(text_width(choice.name, 12) + 12, 320.0));
    layers = std::max(layers, choice.layers.size());
    description += "; " + digits(choice);
  }
  const double room = kFigureWidth - label - 3 * 8 - 4;
  const TurnGrid grid{label, std::min(room / static_cast<double>(1 + 3 * layers), 20.0),
                      static_cast<std::int64_t>(layers)};
  const double bottom = kTop + kRunHeading + kRunRow * static_cast<double>(choices.size());
  SvgCanvas canvas(kFigureWidth, bottom + 30, id, "Chosen rotations", description);
  canvas.words({0, 18}, "Chosen rotations, by layer", {15, Anchor::kStart, "ink", 600});
  draw_headings(grid, canvas);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const double y = kTop + kRunHeading + kRunRow * static_cast<double>(i);
    canvas.words({label - 10, y + 15}, choices[i].name, {12, Anchor::kEnd});
    draw_run(grid, choices[i], y, canvas);
  }
  canvas.rectangle({label, bottom + 9, 14, 12}, "fill-0");
  canvas.words({label + 20, bottom + 19}, "Hadamard", {12, Anchor::kStart, "soft"});
  canvas.rectangle({label + 100, bottom + 9, 14, 12}, "empty");
  canvas.words({label + 120, bottom + 19}, "identity", {12, Anchor::kStart, "soft"});
  return canvas.finished();
}

}  // namespace trainer
