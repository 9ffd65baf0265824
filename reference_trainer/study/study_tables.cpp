#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/paper_numbers.h"
#include "reference_trainer/report/table.h"

#include "reference_trainer/study/study_report.h"

namespace trainer {
namespace {

// A measure of a result.
struct Column {
  Measure measure;
  std::function<double(const CellResult&)> value;
};

// ROUGE under the paper's names.
std::vector<Column> columns() {
  const auto rouge = [](const char* name, auto value) {
    return Column{{name, "%", 2, Better::kLarger}, value};
  };
  return {{{"test loss", "nats per token", 4, Better::kSmaller},
           [](const CellResult& r) { return r.test_loss; }},
          rouge("ROUGE-1", [](const CellResult& r) { return r.rouge1; }),
          rouge("ROUGE-2", [](const CellResult& r) { return r.rouge2; }),
          rouge("ROUGE-L", [](const CellResult& r) { return r.rouge_l; }),
          rouge("ROUGE-LSum", [](const CellResult& r) { return r.rouge_lsum; }),
          rouge("ROUGE (Avg.)", [](const CellResult& r) { return r.rouge_average(); })};
}

constexpr std::string_view kRotations = "rotations ";  // how their note begins
constexpr std::string_view kFailed = "failed: ";       // and that of a cell without numbers
constexpr const char* kPaperLike = "pythia";           // beside it stand the numbers of Pythia 1B

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

TableCell cell_of(const Group& group, const Column& column) {
  TableCell cell;
  std::vector<double> values;
  for (const CellResult* r : group) {
    const double value = column.value(*r);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (!values.empty()) cell.ours = estimate_of(values);
  return cell;
}

TableRow row_of(const Group& group, const std::vector<Column>& columns) {
  TableRow row;
  row.setting = setting_name(group[0]->cell.quant);
  row.method = method_label(group[0]->cell);
  for (const Column& column : columns) row.cells.push_back(cell_of(group, column));
  for (const CellResult* r : group) {
    const std::string note = std::string(kRotations) + rotations_text(*r);
    if (!r->rotations.empty() && std::ranges::find(row.notes, note) == row.notes.end())
      row.notes.push_back(note);
    if (!r->failure.empty()) {
      row.notes.push_back(std::string(kFailed) + r->failure_code() + ", seed " +
                          std::to_string(r->cell.seed));
    }
    if (!r->directory.empty()) row.sources.push_back(r->directory);
  }
  return row;
}

// What the paper's Tables 1 and 7, or 3, call a row; empty where it has no such row. The paper's
// QuaRot does not say how weights were rounded; it stands beside ours with GPTQ, as QuaRot's own
// results do.
std::string name_in_methods(const Cell& cell) {
  if (cell.rounds != 1) return "";
  if (cell.method == Method::kQuarotGptq) return "QuaRot";
  constexpr std::array kSame = {Method::kBase, Method::kSft,       Method::kRtn,    Method::kGptq,
                                Method::kSte,  Method::kSpinquant, Method::kLlmQat, Method::kRoste};
  const bool same = std::ranges::find(kSame, cell.method) != kSame.end();
  return same ? std::string(facts_of(cell.method).label) : "";
}

std::string name_in_ablation(const Cell& cell) {
  if (cell.rounds != 1) return "";
  if (cell.method == Method::kSte) return "No Rotation";
  if (cell.method == Method::kComplete) return "Complete Rotation";
  return cell.method == Method::kRoste ? "RoSTE (Adaptive Rotation)" : "";
}

// Puts the paper's numbers beside the rows, one of each group, under the names that it has there.
template <class Name>
void compare_with_paper(const std::vector<Group>& groups, const Name& name, ReportTable& table) {
  ReportTable paper = table;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Cell& cell = groups[i][0]->cell;
    paper.rows[i].method = name(cell);
    if (facts_of(cell.method).precision == Precision::kFull) paper.rows[i].setting = "FP16";
  }
  add_paper_numbers(PaperModel::kPythia1B, paper);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t c = 0; c < table.measures.size(); ++c)
      table.rows[i].cells[c].paper = paper.rows[i].cells[c].paper;
  }
}

ReportTable methods_table(const std::string& model, const std::vector<Group>& groups) {
  ReportTable table;
  table.id = "methods-" + model;
  table.title = "Methods, " + model;
  table.reference = "Tables 1 and 7";
  table.caption =
      "Mean and standard deviation over seeds; in grey the paper's Pythia 1B on TL;DR, where it "
      "has the same bits: another model and other posts, so that orders can be compared, values "
      "not.";
  table.charted = "test loss";
  const std::vector<Column> all = columns();
  for (const Column& column : all) table.measures.push_back(column.measure);
  for (const Group& group : groups) table.rows.push_back(row_of(group, all));
  if (model == kPaperLike) compare_with_paper(groups, name_in_methods, table);
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
  std::vector<Group> ablated;
  std::ranges::copy_if(groups, std::back_inserter(ablated),
                       [](const Group& group) { return is_ablation(group[0]->cell); });
  for (const Group& group : ablated) table.rows.push_back(row_of(group, shown));
  if (model == kPaperLike) compare_with_paper(ablated, name_in_ablation, table);
  return table;
}

std::string estimate_text(const std::optional<Estimate>& e, int decimals) {
  if (!e) return "-";
  const std::string mean = fixed_text(e->mean, decimals);
  return e->n > 1 ? mean + " +- " + fixed_text(e->sd, decimals) : mean;
}

// Rotations, and then what failed.
std::string notes_of(const TableRow& row) {
  std::string rotations, failures;
  for (const std::string& note : row.notes) {
    if (note.starts_with(kRotations)) {
      rotations = rotations.empty() ? note.substr(kRotations.size()) : "by seed";
    } else {
      failures += (failures.empty() ? "" : "; ") + note;
    }
  }
  if (rotations.empty()) return failures.empty() ? "-" : failures;
  return failures.empty() ? rotations : rotations + "; " + failures;
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
    cells.push_back(notes_of(row));
    text.rows.push_back(std::move(cells));
  }
  return table.title + "\n" + text_table(text);
}

}  // namespace trainer
