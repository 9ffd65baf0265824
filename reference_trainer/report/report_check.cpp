#include <algorithm>
#include <set>

#include "reference_trainer/base/error.h"
#include "reference_trainer/report/report_json.h"

namespace trainer {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& got,
                         const std::string& expected) {
  throw_bad_input({"RP-02", where, got, expected, "write the report again"});
}

bool names_a_file(const std::string& id) {
  constexpr std::size_t kLongest = 100;  // with a suffix within the 255 bytes of a file name
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !id.empty() && id.size() <= kLongest && std::all_of(id.begin(), id.end(), plain);
}

void check_table(const ReportTable& table, const std::string& where) {
  const auto charted = [&](const Measure& measure) { return measure.name == table.charted; };
  if (!table.charted.empty() &&
      std::none_of(table.measures.begin(), table.measures.end(), charted)) {
    refuse(where + ": table " + table.id, "the charted measure " + table.charted,
           "the name of a measure, or nothing");
  }
  for (const TableRow& row : table.rows) {
    if (row.cells.size() == table.measures.size()) continue;
    refuse(where + ": table " + table.id + ", method " + row.method,
           std::to_string(row.cells.size()) + " cells",
           std::to_string(table.measures.size()) + ", one per measure");
  }
}

void check_figure(const ActivationFigure& figure, const std::string& where) {
  for (const ActivationMap& map : figure.maps) {
    const std::string place = where + ": figure " + figure.id + ", map " + map.name;
    const std::string shape = std::to_string(map.tokens) + " x " + std::to_string(map.channels);
    const ActivationMap& first = figure.maps.front();
    if (map.tokens < 1 || map.channels < 1 || map.tokens != first.tokens ||
        map.channels != first.channels) {
      refuse(place, shape, "tokens and channels >= 1, the same for all maps of the figure");
    }
    // Divided, as the product of two numbers from a file may overflow.
    const std::size_t rows = map.magnitudes.size() / static_cast<std::size_t>(map.channels);
    if (rows != static_cast<std::size_t>(map.tokens) ||
        map.magnitudes.size() % static_cast<std::size_t>(map.channels) != 0) {
      refuse(place, std::to_string(map.magnitudes.size()) + " magnitudes", shape);
    }
  }
}

// Layers are rows of a grid: a wrong number must not make a picture of a billion rows.
void check_layers(const ReductionFigure& figure, const std::string& where) {
  constexpr std::int64_t kMostLayers = 4096;
  for (const SiteReduction& site : figure.sites) {
    if (site.layer >= 0 && site.layer < kMostLayers) continue;
    refuse(where + ": figure " + figure.id + ", tensor " + site.tensor,
           "layer " + std::to_string(site.layer), "0 to " + std::to_string(kMostLayers - 1));
  }
}

}  // namespace

void check(const Report& report, const std::string& where) {
  std::set<std::string> ids = {"claims", "rotations", "settings"};  // their files have fixed names
  const auto check_ids = [&](const auto& items) {
    for (const auto& item : items) {
      if (!names_a_file(item.id))
        refuse(where, "the id \"" + item.id + "\"", "1 to 100 letters, digits, '-' and '_'");
      if (!ids.insert(item.id).second)
        refuse(where, "the id " + item.id + " twice", "one of that name");
    }
  };
  check_ids(report.tables);
  check_ids(report.losses);
  check_ids(report.objectives);
  check_ids(report.sweeps);
  check_ids(report.activations);
  check_ids(report.reductions);
  for (const ReportTable& table : report.tables) check_table(table, where);
  for (const ActivationFigure& figure : report.activations) check_figure(figure, where);
  for (const ReductionFigure& figure : report.reductions) check_layers(figure, where);
}

}  // namespace trainer
