#include "reference_trainer/report/markdown_report.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "reference_trainer/report/csv.h"
#include "reference_trainer/report/html_tables.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/progress_line.h"

namespace trainer {
namespace {

constexpr std::string_view kRotations = "rotations ";  // how that note begins
constexpr const char* kNothing = "–";

// Text of a table's cell.
std::string escaped_cell(const std::string& text) {
  std::string all;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '<' || c == '*' || c == '_' || c == '`') all += '\\';
    all += c == '\n' || c == '\r' ? ' ' : c;
  }
  return all;
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

// Header and rule; the first `words` columns hold text, the others numbers.
std::string header_of(const std::vector<std::string>& names, std::size_t words) {
  std::string rule = "|";
  for (std::size_t i = 0; i < names.size(); ++i) rule += i < words ? "---|" : "---:|";
  return line_of(names) + rule + "\n";
}

std::string spread_text(double mean, double sd, std::int64_t n, int decimals) {
  const std::string text = fixed_text(mean, decimals);
  return n > 1 ? text + " ± " + fixed_text(sd, decimals) : text;
}

std::string signed_text(const Estimate& e, int decimals) {
  return (e.mean < 0 ? "" : "+") + spread_text(e.mean, e.sd, e.n, decimals);
}

std::string heading(const std::string& title, const std::string& reference) {
  return "\n## " + title + (reference.empty() ? "" : " (" + reference + " of the paper)") + "\n\n";
}

std::string rotations_of(const TableRow& row) {
  std::string text;
  for (const std::string& note : row.notes) {
    if (note.starts_with(kRotations))
      text += (text.empty() ? "" : ", ") + note.substr(kRotations.size());
  }
  return text.empty() ? kNothing : text;
}

std::string method_of(const TableRow& row) {
  std::string text = row.method;
  for (const std::string& note : row.notes) {
    if (!note.starts_with(kRotations)) text += "; " + note;
  }
  return text;
}

std::string table_markdown(const ReportTable& table) {
  std::vector<std::string> names = {"method", "setting", "R1–R4", "seeds"};
  for (const Measure& measure : table.measures) names.push_back(escaped_cell(measure.name));
  std::string text = heading(table.title, table.reference) + header_of(names, 3);
  for (const TableRow& row : table.rows) {
    std::vector<std::string> cells = {escaped_cell(method_of(row)), escaped_cell(row.setting),
                                      rotations_of(row), runs_text(row)};
    for (std::size_t i = 0; i < table.measures.size(); ++i) {
      const std::optional<Estimate>& e = row.cells[i].ours;
      cells.push_back(e ? spread_text(e->mean, e->sd, e->n, table.measures[i].decimals) : kNothing);
    }
    text += line_of(cells);
  }
  return text;
}

std::string claims_markdown(const std::vector<Claim>& claims) {
  if (claims.empty()) return "";
  std::string text = heading("Claims", "") +
                     header_of({"claim", "verdict", "seeds", "difference of test loss"}, 3);
  for (const Claim& claim : claims) {
    text += line_of(
        {escaped_cell(claim.text), verdict_text(claim.verdict), escaped_cell(claim.reason),
         claim.difference ? signed_text(*claim.difference, claim.measure.decimals) : kNothing});
  }
  return text;
}

std::string point_text(const Curve& curve, double x) {
  constexpr int kDecimals = 4;
  for (const CurvePoint& p : curve.points) {
    if (p.x == x && std::isfinite(p.y)) return spread_text(p.y, p.sd, p.sd > 0 ? 2 : 1, kDecimals);
  }
  return kNothing;
}

// A line per x, a column per curve.
std::string sweep_markdown(const CurveFigure& figure) {
  std::vector<std::string> names = {escaped_cell(figure.x.label)};
  std::set<double> all;
  for (const Curve& curve : figure.curves) {
    names.push_back(escaped_cell(curve.name));
    for (const CurvePoint& p : curve.points) all.insert(p.x);
  }
  std::string text = heading(figure.title, figure.reference) + escaped_cell(figure.y.label) +
                     "\n\n" + header_of(names, 0);
  for (const double x : all) {
    std::vector<std::string> cells = {shortest_text(x)};
    for (const Curve& curve : figure.curves) cells.push_back(point_text(curve, x));
    text += line_of(cells);
  }
  return text;
}

std::string settings_markdown(const std::string& title, const std::vector<NamedText>& settings) {
  if (settings.empty()) return "";
  std::string text = heading(title, "") + header_of({"name", "value"}, 2);
  for (const NamedText& s : settings)
    text += line_of({escaped_cell(s.name), escaped_cell(s.value)});
  return text;
}

std::string run_markdown(const RunInfo& run) {
  std::string text = "# " + (run.title.empty() ? std::string("Report") : run.title) + "\n";
  if (!run.command.empty()) text += "\n```\n" + run.command + "\n```\n";
  std::string facts;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts += std::string("- ") + name + ": " + escaped_cell(value) + "\n";
  };
  add("started", run.started);
  if (run.wall_seconds > 0) add("wall time", duration_text(run.wall_seconds));
  add("machine", run.machine);
  add("program", run.version);
  for (const NamedText& setting : run.settings) add(setting.name.c_str(), setting.value);
  for (const std::string& sentence : run.not_run) add("not run", sentence);
  return text + (facts.empty() ? "" : "\n" + facts);
}

}  // namespace

std::string markdown_report(const Report& report) {
  std::string text = run_markdown(report.run) + claims_markdown(report.claims);
  for (const ReportTable& table : report.tables) text += table_markdown(table);
  for (const CurveFigure& figure : report.sweeps) text += sweep_markdown(figure);
  text += settings_markdown("Settings of the methods", report.methods);
  return text;
}

}  // namespace trainer
