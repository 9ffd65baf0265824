#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"
#include "reference_trainer/study/paper_numbers.h"
#include "reference_trainer/study/study_report.h"

namespace trainer {
namespace {

// A measure of a result, and the paper's number for it.
struct Column {
  Measure measure;
  std::function<double(const CellResult&)> ours;
  std::function<double(const PaperRouge&)> paper;  // empty: the paper has no such measure
};

std::vector<Column> columns() {
  const auto rouge = [](const char* name, auto ours, auto paper) {
    return Column{{name, "%", 2, Better::kLarger}, ours, paper};
  };
  return {{{"test loss", "nats per token", 4, Better::kSmaller},
           [](const CellResult& r) { return r.test_loss; },
           {}},
          rouge(
              "ROUGE-1", [](const CellResult& r) { return r.rouge1; },
              [](const PaperRouge& p) { return p.rouge1; }),
          rouge(
              "ROUGE-2", [](const CellResult& r) { return r.rouge2; },
              [](const PaperRouge& p) { return p.rouge2; }),
          rouge(
              "ROUGE-L", [](const CellResult& r) { return r.rouge_l; },
              [](const PaperRouge& p) { return p.rouge_l; }),
          rouge(
              "ROUGE-Lsum", [](const CellResult& r) { return r.rouge_lsum; },
              [](const PaperRouge& p) { return p.rouge_lsum; }),
          rouge(
              "ROUGE (Avg.)", [](const CellResult& r) { return r.rouge_average(); },
              [](const PaperRouge& p) { return p.average; })};
}

// The results of one row: all seeds of a method at a setting.
using Group = std::vector<const CellResult*>;

std::vector<Group> groups_of(const std::vector<CellResult>& results, const std::string& model) {
  std::vector<Group> groups;
  for (const CellResult& r : results) {
    if (r.cell.model != model) continue;
    const auto same = std::ranges::find_if(groups, [&](const Group& g) {
      return method_word(g[0]->cell) == method_word(r.cell) &&
             setting_name(g[0]->cell.quant) == setting_name(r.cell.quant);
    });
    if (same == groups.end()) {
      groups.push_back({&r});
    } else {
      same->push_back(&r);
    }
  }
  return groups;
}

// Different digits of the layers, e.g. "1011" or "1011 1001 1011".
std::string rotations_text(const CellResult& r) {
  if (r.rotations.empty()) return "";
  const bool shared = std::ranges::all_of(
      r.rotations, [&](const std::string& digits) { return digits == r.rotations[0]; });
  if (shared) return r.rotations[0];
  std::string text;
  for (const std::string& digits : r.rotations) text.append(text.empty() ? "" : " ").append(digits);
  return text;
}

TableCell cell_of(const Group& group, const Column& column,
                  const std::optional<PaperRouge>& paper) {
  TableCell cell;
  std::vector<double> values;
  for (const CellResult* r : group) {
    const double value = column.ours(*r);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (!values.empty()) cell.ours = estimate_of(values);
  if (paper && column.paper) cell.paper = column.paper(*paper);
  return cell;
}

TableRow row_of(const Group& group, const std::vector<Column>& columns) {
  const Cell& cell = group[0]->cell;
  TableRow row;
  row.setting = setting_name(cell.quant);
  row.method = method_label(cell);
  const bool in_paper = cell.model == "pythia";
  const std::optional<PaperRouge> paper =
      in_paper ? paper_rouge(PaperModel::kPythia1B, cell) : std::nullopt;
  for (const Column& column : columns) row.cells.push_back(cell_of(group, column, paper));
  for (const CellResult* r : group) {
    const std::string note = "rotations " + rotations_text(*r);
    if (std::ranges::find(row.notes, note) == row.notes.end()) row.notes.push_back(note);
    row.sources.push_back(r->directory);
  }
  return row;
}

ReportTable methods_table(const std::string& model, const std::vector<Group>& groups) {
  ReportTable table;
  table.id = "methods-" + model;
  table.title = "Methods, " + model;
  table.reference = "Tables 1 and 7";
  table.caption =
      "Mean and standard deviation over seeds; in grey the paper's Pythia 1B on TL;DR, where it "
      "has "
      "the same bits: another model and other posts, so that orders can be compared, values not.";
  table.charted = "test loss";
  const std::vector<Column> all = columns();
  for (const Column& column : all) table.measures.push_back(column.measure);
  for (const Group& group : groups) table.rows.push_back(row_of(group, all));
  // Settings stand together, in the order in which they occur.
  std::vector<std::string> order;
  for (const TableRow& row : table.rows) {
    if (std::ranges::find(order, row.setting) == order.end()) order.push_back(row.setting);
  }
  std::ranges::stable_sort(table.rows, {}, [&](const TableRow& row) {
    return std::ranges::find(order, row.setting) - order.begin();
  });
  return table;
}

bool is_ablation(const Cell& cell) {
  return cell.method == Method::kSte || cell.method == Method::kComplete ||
         cell.method == Method::kRoste || cell.method == Method::kRostePerLayer;
}

std::optional<double> paper_ablation(const Cell& cell) {
  if (setting_name(cell.quant) != "W4A4KV4" || cell.rounds != 1) return std::nullopt;
  if (cell.method == Method::kComplete) return kPaperCompleteAverage;
  const auto rouge = paper_rouge(PaperModel::kPythia1B, cell);
  if (!rouge) return std::nullopt;
  return rouge->average;
}

// Table 3, and the outer rounds of Algorithm 1.
ReportTable ablation_table(const std::string& model, const std::vector<Group>& groups) {
  ReportTable table;
  table.id = "ablation-" + model;
  table.title = "Rotation strategies, " + model;
  table.reference = "Table 3";
  table.caption = "Quantized training that differs in its rotations alone.";
  const std::vector<Column> all = columns();
  const std::vector<Column> shown = {all.front(), all.back()};
  for (const Column& column : shown) table.measures.push_back(column.measure);
  for (const Group& group : groups) {
    if (!is_ablation(group[0]->cell)) continue;
    TableRow row = row_of(group, shown);
    row.cells.back().paper = model == "pythia" ? paper_ablation(group[0]->cell) : std::nullopt;
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string estimate_text(const std::optional<Estimate>& e, int decimals) {
  if (!e) return "-";
  const std::string mean = fixed_text(e->mean, decimals);
  return e->n > 1 ? mean + " +- " + fixed_text(e->sd, decimals) : mean;
}

}  // namespace

std::vector<ReportTable> study_tables(const std::vector<CellResult>& results) {
  std::vector<std::string> models;
  for (const CellResult& r : results) {
    if (std::ranges::find(models, r.cell.model) == models.end()) models.push_back(r.cell.model);
  }
  std::vector<ReportTable> tables;
  for (const std::string& model : models) {
    const std::vector<Group> groups = groups_of(results, model);
    tables.push_back(methods_table(model, groups));
    ReportTable ablation = ablation_table(model, groups);
    if (ablation.rows.size() > 1) tables.push_back(std::move(ablation));
  }
  return tables;
}

std::string table_text(const ReportTable& table) {
  Table text{{"method", "setting"}, {}};
  for (const Measure& measure : table.measures) text.header.push_back(measure.name);
  text.header.push_back("R1-R4");
  for (const TableRow& row : table.rows) {
    std::vector<std::string> cells{row.method, row.setting};
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      cells.push_back(estimate_text(row.cells[i].ours, table.measures[i].decimals));
    const bool one = row.notes.size() == 1;
    cells.push_back(one ? row.notes[0].substr(std::string("rotations ").size()) : "by seed");
    text.rows.push_back(std::move(cells));
  }
  return table.title + "\n" + text_table(text);
}

}  // namespace trainer
