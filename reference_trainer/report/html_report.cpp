#include "reference_trainer/report/html_report.h"

#include <algorithm>

#include "reference_trainer/report/csv.h"
#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/html_parts.h"
#include "reference_trainer/report/html_style.h"
#include "reference_trainer/report/html_tables.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/progress_line.h"
#include "reference_trainer/report/report_json.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

// A part of the page under a heading; without content it is left out.
struct Section {
  std::string id, heading, content;
};

// ---- Summary

std::string data_link(const std::string& id) {
  const std::string path = "data/" + id + ".csv";
  return element("p", "Numbers: " + path_link(path, path), "note");
}

std::string entry(std::string_view name, std::string_view html) {
  return html.empty() ? "" : text_element("dt", name) + element("dd", html) + "\n";
}

std::string verdict_counts(const std::vector<Claim>& claims) {
  std::string text;
  for (const Verdict verdict :
       {Verdict::kHolds, Verdict::kFails, Verdict::kWithinNoise, Verdict::kNotTested}) {
    const auto count = std::count_if(claims.begin(), claims.end(),
                                     [&](const Claim& c) { return c.verdict == verdict; });
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + verdict_text(verdict) + ": " + std::to_string(count);
  }
  return text;
}

std::string summary_html(const Report& report) {
  const RunInfo& run = report.run;
  std::string facts;
  if (!report.claims.empty()) {
    facts += entry("Claims", std::to_string(report.claims.size()) + " (" +
                                 verdict_counts(report.claims) + ")");
  }
  facts += entry("Command", run.command.empty() ? "" : text_element("code", run.command));
  facts += entry("Seeds", escaped_markup(run.seeds));
  facts += entry("Machine", escaped_markup(run.machine));
  facts += entry("Started", escaped_markup(run.started));
  if (run.wall_seconds > 0) facts += entry("Wall time", duration_text(run.wall_seconds));
  facts += entry("Program", escaped_markup(run.version));
  std::string html = element("dl", facts) + "\n";
  if (!report.claims.empty()) html += claims_html(report.claims) + data_link("claims");
  if (!run.not_run.empty()) {
    std::string items;
    for (const std::string& sentence : run.not_run) items += text_element("li", sentence);
    html += "<h3>What was not run</h3>\n" + element("ul", items) + "\n";
  }
  return html;
}

// ---- Captions

std::string caption_text(const std::string& reference, const std::string& caption) {
  const std::string of_paper =
      reference.empty() ? "" : text_element("b", reference + " of the paper.") + " ";
  return of_paper.empty() && caption.empty() ? ""
                                             : element("p", of_paper + escaped_markup(caption));
}

// A line per name: the name and links to its sources.
class SourceList {
 public:
  void add(const std::string& name, const std::vector<std::string>& sources) {
    if (sources.empty()) return;
    items_ += element(
        "li", escaped_markup(name) + ": " + element("span", source_links(sources), "source"));
  }
  std::string html() const { return items_.empty() ? "" : element("ul", items_); }

 private:
  std::string items_;
};

// ---- Sections

std::string tables_html(const std::vector<ReportTable>& tables) {
  std::string html;
  for (const ReportTable& table : tables) {
    html += "<div id=\"table-" + table.id + "\">" + text_element("h3", table.title) + "\n";
    html += caption_text(table.reference, table.caption) + table_html(table);
    html += element("p",
                    "↑ larger is better, ↓ smaller. ± is one standard deviation over the runs of a "
                    "row, brackets are a 95 % interval, bold is the best mean of a setting, "
                    "“paper” is the paper’s number for its own model and data.",
                    "note");
    html += data_link(table.id);
    if (!table.charted.empty())
      html += element("div", figure_element(bar_chart_svg(table), ""), "figures");
    html += "</div>\n";
  }
  return html;
}

std::string curves_html(const std::vector<CurveFigure>& figures) {
  std::string html;
  for (const CurveFigure& figure : figures) {
    SourceList sources;
    for (const Curve& curve : figure.curves) sources.add(curve.name, curve.sources);
    html += figure_element(line_chart_svg(figure), caption_text(figure.reference, figure.caption) +
                                                       sources.html() + data_link(figure.id));
  }
  return html.empty() ? "" : element("div", html, "figures");
}

std::string activations_html(const std::vector<ActivationFigure>& figures) {
  std::string html;
  for (const ActivationFigure& figure : figures) {
    SourceList sources;
    for (const ActivationMap& map : figure.maps) {
      if (!map.source.empty()) sources.add(map.name, {map.source});
    }
    const std::string place = "Layer " + std::to_string(figure.layer) + ", " + figure.site + ". ";
    html += figure_element(heat_map_svg(figure),
                           caption_text(figure.reference, place + figure.caption) + sources.html() +
                               data_link(figure.id));
  }
  return html.empty() ? "" : element("div", html, "figures");
}

std::string reductions_html(const std::vector<ReductionFigure>& figures) {
  std::string html;
  for (const ReductionFigure& figure : figures) {
    SourceList sources;
    sources.add("Measured in", figure.sources);
    html += figure_element(reduction_svg(figure), caption_text(figure.reference, figure.caption) +
                                                      sources.html() + data_link(figure.id));
  }
  return html.empty() ? "" : element("div", html, "figures");
}

std::string rotations_html(const std::vector<RotationGrid>& choices) {
  if (choices.empty()) return "";
  SourceList sources;
  for (const RotationGrid& choice : choices) {
    if (!choice.source.empty()) sources.add(choice.name, {choice.source});
  }
  return element(
      "div",
      figure_element(rotation_svg(choices, "rotations"), sources.html() + data_link("rotations")),
      "figures");
}

std::string settings_html(std::string_view title, const std::vector<NamedText>& settings) {
  if (settings.empty()) return "";
  std::string rows;
  for (const NamedText& s : settings) {
    rows += element("tr", "<th scope=\"row\">" + escaped_markup(s.name) + "</th>" +
                              text_element("td", s.value, "text wrap"));
  }
  return scrolling(element("table", element("thead",
                                            "<tr><th scope=\"col\" class=\"text\">Setting</th>"
                                            "<th scope=\"col\" class=\"text\">Value</th></tr>") +
                                        element("tbody", rows)),
                   title);
}

std::string methods_html(const std::vector<NamedText>& methods) {
  return methods.empty()
             ? ""
             : settings_html("Settings of the methods", methods) + data_link("settings");
}

std::vector<Section> sections_of(const Report& report) {
  return {{"summary", "Summary", summary_html(report)},
          {"tables", "Tables", tables_html(report.tables)},
          {"methods", "Settings of the methods", methods_html(report.methods)},
          {"rotations", "Chosen rotations", rotations_html(report.rotations)},
          {"objective", "Quantization error during training", curves_html(report.objectives)},
          {"activations", "Activations", activations_html(report.activations)},
          {"reductions", "What rotating changes", reductions_html(report.reductions)},
          {"sweeps", "Sweeps", curves_html(report.sweeps)},
          {"losses", "Losses", curves_html(report.losses)},
          {"settings", "Settings", settings_html("Settings", report.run.settings)}};
}

std::string head_html(const std::string& title) {
  // Nothing may be loaded and nothing may run: the page is text, styles and pictures inside of it.
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'; img-src data:\">\n" +
         text_element("title", title) + "\n<style>" + std::string(kPageStyle) + figure_style() +
         "</style>\n</head>\n";
}

}  // namespace

std::string html_report(const Report& report) {
  check(report, "report");
  const std::string title = report.run.title.empty() ? "Report" : report.run.title;
  std::string links, body;
  for (const Section& section : sections_of(report)) {
    if (section.content.empty()) continue;
    links += "<li><a href=\"#" + section.id + "\">" + section.heading + "</a></li>";
    body += "<section id=\"" + section.id + "\" aria-labelledby=\"" + section.id +
            "-heading\">\n<h2 id=\"" + section.id + "-heading\">" + section.heading + "</h2>\n" +
            section.content + "</section>\n";
  }
  return head_html(title) + "<body>\n<header>\n" + text_element("h1", title) +
         "\n<nav aria-label=\"Sections\">" + element("ul", links) + "</nav>\n</header>\n<main>\n" +
         body + "</main>\n</body>\n</html>\n";
}

}  // namespace trainer
