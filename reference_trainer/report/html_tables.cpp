#include "reference_trainer/report/html_tables.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/report/csv.h"
#include "reference_trainer/report/html_parts.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

constexpr const char* kMinus = "−";

// With a minus sign instead of a hyphen.
std::string number_html(double value, int decimals) {
  std::string text = fixed_text(value, decimals);
  if (text.starts_with('-')) text.replace(0, 1, kMinus);
  return text;
}

std::string head(std::string_view scope, std::string_view html, std::string_view classes = "") {
  return "<th scope=\"" + std::string(scope) + "\"" +
         (classes.empty() ? "" : " class=\"" + std::string(classes) + "\"") + ">" +
         std::string(html) + "</th>";
}

std::string measure_head(const Measure& measure) {
  std::string html = escaped_markup(measure.name);
  const char* const better = measure.better == Better::kLarger ? "↑" : "↓";
  const std::string unit = measure.unit.empty() ? "" : escaped_markup(measure.unit) + " ";
  return head("col", html + element("small", unit + better));
}

// Whether `a` beats all other means of the column within its setting.
bool is_best(const ReportTable& table, std::size_t row, std::size_t column) {
  const auto& own = table.rows[row].cells[column].ours;
  if (!own || !std::isfinite(own->mean)) return false;
  std::size_t rivals = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& other = table.rows[i].cells[column].ours;
    if (i == row || table.rows[i].setting != table.rows[row].setting || !other) continue;
    ++rivals;
    const bool beaten = table.measures[column].better == Better::kLarger ? other->mean > own->mean
                                                                         : other->mean < own->mean;
    if (beaten) return false;
  }
  return rivals > 0;
}

std::string cell_html(const ReportTable& table, std::size_t row, std::size_t column) {
  const TableCell& cell = table.rows[row].cells[column];
  const Measure& measure = table.measures[column];
  std::string html = cell.ours ? estimate_html(*cell.ours, measure) : "–";
  if (cell.paper) html += element("small", "paper " + number_html(*cell.paper, measure.decimals));
  return element("td", html, is_best(table, row, column) ? "best" : "");
}

std::string row_html(const ReportTable& table, std::size_t i) {
  const TableRow& row = table.rows[i];
  std::string method = escaped_markup(row.method);
  for (const std::string& note : row.notes) method += text_element("small", note);
  std::string html = head("row", method);
  for (std::size_t column = 0; column < table.measures.size(); ++column)
    html += cell_html(table, i, column);
  html +=
      text_element("td", runs_text(row)) + element("td", source_links(row.sources), "text source");
  return element("tr", html) + "\n";
}

std::string sign_of(Verdict verdict) {
  return verdict == Verdict::kHolds         ? "✓"
         : verdict == Verdict::kFails       ? "✗"
         : verdict == Verdict::kWithinNoise ? "≈"
                                            : "–";
}

std::string class_of(Verdict verdict) {
  return verdict == Verdict::kHolds ? "holds" : verdict == Verdict::kFails ? "fails" : "open";
}

std::string claim_row(const Claim& claim) {
  std::string difference = "–";
  if (claim.difference) {
    difference =
        estimate_html(*claim.difference, claim.measure) +
        text_element("small", claim.measure.name + (claim.measure.unit.empty() ? "" : ", ") +
                                  claim.measure.unit) +
        text_element("small", "n = " + std::to_string(claim.difference->n));
  }
  const std::string verdict =
      element("span", sign_of(claim.verdict) + " " + verdict_text(claim.verdict),
              "verdict " + class_of(claim.verdict));
  return element(
             "tr",
             element("td", verdict, "text") +
                 element("td", escaped_markup(claim.text) + text_element("small", claim.reference),
                         "text wrap") +
                 element("td", difference) + text_element("td", claim.reason, "text wrap") +
                 element("td", source_links(claim.sources), "text source")) +
         "\n";
}

}  // namespace

std::string estimate_html(const Estimate& e, const Measure& measure) {
  std::string html = number_html(e.mean, measure.decimals);
  if (e.n > 1) html += " ± " + number_html(e.sd, measure.decimals);
  if (e.interval) {
    html += element("small", "[" + number_html(e.interval->low, measure.decimals) + ", " +
                                 number_html(e.interval->high, measure.decimals) + "]");
  }
  return html;
}

std::string runs_text(const TableRow& row) {
  std::int64_t least = 0, most = 0;
  for (const TableCell& cell : row.cells) {
    if (!cell.ours) continue;
    least = most == 0 ? cell.ours->n : std::min(least, cell.ours->n);
    most = std::max(most, cell.ours->n);
  }
  if (most == 0) return "–";
  return (least == most ? "" : std::to_string(least) + "–") + std::to_string(most);
}

std::string claims_html(const std::vector<Claim>& claims) {
  std::string rows;
  for (const Claim& claim : claims) rows += claim_row(claim);
  const std::string header =
      element("tr", head("col", "Verdict", "text") + head("col", "Claim", "text") +
                        head("col", "Difference") + head("col", "Rule or reason", "text") +
                        head("col", "Source", "text"));
  return scrolling(element("table", element("caption", "Claims and verdicts", "hidden") +
                                        element("thead", header) + "\n" + element("tbody", rows)),
                   "Claims and verdicts");
}

std::string table_html(const ReportTable& table) {
  std::string header = head("col", "Method", "text");
  for (const Measure& measure : table.measures) header += measure_head(measure);
  header += head("col", "Runs") + head("col", "Source", "text");
  std::string bodies, rows;
  const std::string columns = std::to_string(table.measures.size() + 3);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::string& setting = table.rows[i].setting;
    if (i == 0 || setting != table.rows[i - 1].setting) {
      rows += "<tr><th scope=\"rowgroup\" colspan=\"" + columns + "\">" + escaped_markup(setting) +
              "</th></tr>\n";
    }
    rows += row_html(table, i);
    if (i + 1 == table.rows.size() || setting != table.rows[i + 1].setting) {
      bodies += element("tbody", rows);
      rows.clear();
    }
  }
  return scrolling(element("table", text_element("caption", table.title, "hidden") +
                                        element("thead", element("tr", header)) + "\n" + bodies),
                   table.title);
}

}  // namespace trainer
