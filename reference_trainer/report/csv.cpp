#include "reference_trainer/report/csv.h"

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

std::string field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string line(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + field(fields[i]);
  return text + "\r\n";
}

std::string joined(const std::vector<std::string>& sources) {
  std::string text;
  for (const std::string& source : sources) text += (text.empty() ? "" : " ") + source;
  return text;
}

// mean, sd, n, low, high
std::vector<std::string> estimate_fields(const std::optional<Estimate>& e) {
  if (!e) return {"", "", "", "", ""};
  return {shortest_text(e->mean), shortest_text(e->sd), std::to_string(e->n),
          e->interval ? shortest_text(e->interval->low) : "",
          e->interval ? shortest_text(e->interval->high) : ""};
}

std::string line_of_cell(const TableRow& row, const Measure& measure, const TableCell& cell) {
  std::vector<std::string> fields = {row.setting, row.method, measure.name, measure.unit};
  for (std::string& text : estimate_fields(cell.ours)) fields.push_back(std::move(text));
  fields.push_back(cell.paper ? shortest_text(*cell.paper) : "");
  fields.push_back(joined(row.sources));
  return line(fields);
}

}  // namespace

std::string csv_of(const ReportTable& table) {
  std::string text = line({"setting", "method", "measure", "unit", "mean", "sd", "n", "low", "high",
                           "paper", "sources"});
  for (const TableRow& row : table.rows) {
    for (std::size_t i = 0; i < table.measures.size(); ++i)
      text += line_of_cell(row, table.measures[i], row.cells[i]);
  }
  return text;
}

std::string csv_of(const std::vector<Claim>& claims) {
  std::string text = line({"claim", "reference", "verdict", "measure", "unit", "mean", "sd", "n",
                           "low", "high", "reason", "sources"});
  for (const Claim& claim : claims) {
    std::vector<std::string> fields = {claim.text, claim.reference, verdict_text(claim.verdict),
                                       claim.measure.name, claim.measure.unit};
    for (std::string& estimate : estimate_fields(claim.difference))
      fields.push_back(std::move(estimate));
    fields.push_back(claim.reason);
    fields.push_back(joined(claim.sources));
    text += line(fields);
  }
  return text;
}

std::string csv_of(const std::vector<NamedText>& settings) {
  std::string text = line({"name", "value"});
  for (const NamedText& s : settings) text += line({s.name, s.value});
  return text;
}

std::string csv_of(const CurveFigure& figure) {
  std::string text = line({"curve", figure.x.label, figure.y.label, "sd", "sources"});
  for (const Curve& curve : figure.curves) {
    for (const CurvePoint& p : curve.points) {
      text += line({curve.name, shortest_text(p.x), shortest_text(p.y), shortest_text(p.sd),
                    joined(curve.sources)});
    }
  }
  return text;
}

std::string csv_of(const ActivationFigure& figure) {
  std::string text = line({"map", "token", "channel", "magnitude", "source"});
  for (const ActivationMap& map : figure.maps) {
    for (std::size_t i = 0; i < map.magnitudes.size(); ++i) {
      const auto channels = static_cast<std::size_t>(map.channels);
      text += line({map.name, std::to_string(i / channels), std::to_string(i % channels),
                    shortest_text(map.magnitudes[i]), map.source});
    }
  }
  return text;
}

std::string csv_of(const ReductionFigure& figure) {
  std::string text = line({"layer", "tensor", "error_reduction", "range_reduction", "sources"});
  for (const SiteReduction& site : figure.sites) {
    text += line({std::to_string(site.layer), site.tensor, shortest_text(site.error),
                  site.range ? shortest_text(*site.range) : "", joined(figure.sources)});
  }
  return text;
}

std::string csv_of(const std::vector<RotationGrid>& choices) {
  std::string text = line({"run", "layer", "R1", "R2", "R3", "R4", "source"});
  for (const RotationGrid& choice : choices) {
    for (std::size_t layer = 0; layer < choice.layers.size(); ++layer) {
      std::vector<std::string> fields = {choice.name, std::to_string(layer)};
      for (const GridMark turn : choice.layers[layer])
        fields.push_back(turn == GridMark::kHadamard ? "1" : "0");
      fields.push_back(choice.source);
      text += line(fields);
    }
  }
  return text;
}

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "holds";
    case Verdict::kFails:
      return "fails";
    case Verdict::kWithinNoise:
      return "within noise";
    case Verdict::kNotTested:
      return "not tested";
  }
  return "";
}

}  // namespace trainer
