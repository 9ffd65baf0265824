#include "reference_trainer/report/report_files.h"

#include "reference_trainer/report/csv.h"
#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/html_report.h"
#include "reference_trainer/report/markdown_report.h"
#include "reference_trainer/report/report_json.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

class FileList {
 public:
  void add(std::string name, std::string bytes) {
    files_.push_back({std::move(name), std::move(bytes)});
  }

  void add_figure(const std::string& id, const std::string& svg) {
    add("figures/" + id + ".svg", standalone_svg(svg));
  }

  template <class Data>
  void add_data(const std::string& id, const Data& data) {
    add("data/" + id + ".csv", csv_of(data));
  }

  std::vector<ReportFile> taken() { return std::move(files_); }

 private:
  std::vector<ReportFile> files_;
};

void add_curves(const std::vector<CurveFigure>& figures, FileList& files) {
  for (const CurveFigure& figure : figures) {
    files.add_figure(figure.id, line_chart_svg(figure));
    files.add_data(figure.id, figure);
  }
}

void add_activations(const std::vector<ActivationFigure>& figures, FileList& files) {
  for (const ActivationFigure& figure : figures) {
    files.add_figure(figure.id, heat_map_svg(figure));
    files.add_data(figure.id, figure);
    const std::vector<std::string> pngs = heat_map_pngs(figure);
    for (std::size_t i = 0; i < pngs.size(); ++i)
      files.add("figures/" + figure.id + "-" + std::to_string(i + 1) + ".png", pngs[i]);
  }
}

}  // namespace

std::vector<ReportFile> report_files(const Report& report) {
  check(report, "report");
  FileList files;
  files.add("report.html", html_report(report));
  files.add("report.json",
            to_json(report).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                "\n");
  if (!report.claims.empty()) files.add_data("claims", report.claims);
  if (!report.methods.empty()) files.add_data("settings", report.methods);
  files.add("data/tables.md", markdown_report(report));
  for (const ReportTable& table : report.tables) {
    files.add_data(table.id, table);
    if (!table.charted.empty()) files.add_figure(table.id, bar_chart_svg(table));
  }
  for (const auto* curves : {&report.losses, &report.objectives, &report.sweeps})
    add_curves(*curves, files);
  add_activations(report.activations, files);
  for (const ReductionFigure& figure : report.reductions) {
    files.add_figure(figure.id, reduction_svg(figure));
    files.add_data(figure.id, figure);
  }
  if (!report.rotations.empty()) {
    files.add_figure("rotations", rotation_svg(report.rotations, "rotations"));
    files.add_data("rotations", report.rotations);
  }
  return files.taken();
}

}  // namespace trainer
