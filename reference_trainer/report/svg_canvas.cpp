#include "reference_trainer/report/svg_canvas.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/svg_palette.h"

namespace trainer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

std::string quoted(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string at(std::string_view name, double value) { return quoted(name, pixels(value)); }

std::string opacity_text(double opacity) {
  return opacity < 1 ? quoted("fill-opacity", fixed_text(opacity, 2)) : "";
}

std::string joined(const std::vector<Point>& points) {
  std::string text;
  for (const Point& p : points) text += (text.empty() ? "" : " ") + pixels(p.x) + "," + pixels(p.y);
  return text;
}

std::string font_text(const Font& font) {
  constexpr const char* kAnchors[] = {"start", "middle", "end"};
  std::string text = quoted("class", font.colour) + at("font-size", font.size);
  if (font.anchor != Anchor::kStart)
    text += quoted("text-anchor", kAnchors[static_cast<int>(font.anchor)]);
  if (font.weight != 400) text += quoted("font-weight", std::to_string(font.weight));
  return text;
}

std::string rule(std::string_view selector, std::string_view property, std::string_view value) {
  return "svg.figure ." + std::string(selector) + "{" + std::string(property) + ":" +
         std::string(value) + "}";
}

std::string colour_rules(const Palette& palette) {
  std::string text = rule("ink", "fill", palette.ink) + rule("soft", "fill", palette.soft) +
                     rule("rule", "stroke", palette.rule) + rule("axis", "stroke", palette.soft) +
                     rule("mark", "stroke", palette.ink) + rule("empty", "fill", palette.rule);
  for (std::size_t i = 0; i < palette.series.size(); ++i) {
    text += rule("line-" + std::to_string(i), "stroke", palette.series[i]);
    text += rule("fill-" + std::to_string(i), "fill", palette.series[i]);
  }
  return text;
}

// Bytes of the UTF-8 character at the beginning of `text` that XML allows; 0 if there is none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t n = first >= 0xc2 && first < 0xe0   ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (n == 0 || text.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF; U+FFFE and U+FFFF are no characters of XML.
  const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90) ||
                     text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf");
  return wrong ? 0 : n;
}

}  // namespace

std::string pixels(double value) {
  std::string text = fixed_text(std::round(value * 10) / 10, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string escaped_markup(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const std::string_view c = text.substr(0, std::max<std::size_t>(bytes, 1));
    escaped += bytes == 0  ? kReplacement
               : c == "<"  ? "&lt;"
               : c == ">"  ? "&gt;"
               : c == "&"  ? "&amp;"
               : c == "\"" ? "&quot;"
               : c == "'"  ? "&#39;"
                           : c;
    text.remove_prefix(c.size());
  }
  return escaped;
}

double text_width(std::string_view text, double size) {
  // Of DejaVu Sans, the widest of the usual fonts, in units of the size.
  constexpr double kMeanWidth = 0.61;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<double>(std::count_if(text.begin(), text.end(), begins)) * size * kMeanWidth;
}

std::string line_class(std::size_t series) {
  const std::size_t dash = std::min(series / kLightPalette.series.size(), kSeriesDashes.size() - 1);
  return "line-" + std::to_string(series % kLightPalette.series.size()) + " dash-" +
         std::to_string(dash);
}

std::string fill_class(std::size_t series) {
  return "fill-" + std::to_string(series % kLightPalette.series.size());
}

SvgCanvas::SvgCanvas(double width, double height, std::string_view id, std::string_view title,
                     std::string_view description) {
  const std::string name = escaped_markup(id);
  text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"img\" viewBox=\"0 0 " +
          pixels(width) + " " + pixels(height) + "\"" + at("width", width) + at("height", height) +
          quoted("aria-labelledby", name + "-title " + name + "-desc") +
          " font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\">\n<title" +
          quoted("id", name + "-title") + ">" + escaped_markup(title) + "</title>\n<desc" +
          quoted("id", name + "-desc") + ">" + escaped_markup(description) + "</desc>\n";
}

void SvgCanvas::line(Point from, Point to, std::string_view classes) {
  text_ += "<line" + at("x1", from.x) + at("y1", from.y) + at("x2", to.x) + at("y2", to.y) +
           quoted("class", classes) + "/>\n";
}

void SvgCanvas::polyline(const std::vector<Point>& points, std::string_view classes) {
  text_ += "<polyline" + quoted("points", joined(points)) + quoted("class", classes) +
           quoted("fill", "none") + "/>\n";
}

void SvgCanvas::polygon(const std::vector<Point>& points, std::string_view classes,
                        double opacity) {
  text_ += "<polygon" + quoted("points", joined(points)) + quoted("class", classes) +
           opacity_text(opacity) + "/>\n";
}

void SvgCanvas::rectangle(const Box& box, std::string_view classes, double opacity) {
  text_ += "<rect" + at("x", box.x) + at("y", box.y) + at("width", box.width) +
           at("height", box.height) + quoted("class", classes) + opacity_text(opacity) + "/>\n";
}

void SvgCanvas::disc(Point center, double radius, std::string_view classes) {
  text_ += "<circle" + at("cx", center.x) + at("cy", center.y) + at("r", radius) +
           quoted("class", classes) + "/>\n";
}

void SvgCanvas::words(Point at_point, std::string_view text, const Font& font) {
  text_ += "<text" + at("x", at_point.x) + at("y", at_point.y) + font_text(font) + ">" +
           escaped_markup(text) + "</text>\n";
}

void SvgCanvas::turned_words(Point at_point, double degrees, std::string_view text,
                             const Font& font) {
  text_ += "<text" +
           quoted("transform", "translate(" + pixels(at_point.x) + "," + pixels(at_point.y) +
                                   ") rotate(" + pixels(degrees) + ")") +
           font_text(font) + ">" + escaped_markup(text) + "</text>\n";
}

void SvgCanvas::image(const Box& box, std::string_view png) {
  text_ += "<image" + at("x", box.x) + at("y", box.y) + at("width", box.width) +
           at("height", box.height) +
           " preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\""
           " href=\"data:image/png;base64," +
           std::string(png) + "\"/>\n";
}

std::string figure_style() {
  std::string dashes;
  for (std::size_t i = 0; i < kSeriesDashes.size(); ++i) {
    if (!kSeriesDashes[i].empty())
      dashes += rule("dash-" + std::to_string(i), "stroke-dasharray", kSeriesDashes[i]);
  }
  return "svg.figure polyline{stroke-width:1.8;stroke-linejoin:round}" + dashes +
         colour_rules(kLightPalette) + "\n@media screen and (prefers-color-scheme:dark){" +
         colour_rules(kDarkPalette) + "}\n";
}

std::string standalone_svg(const std::string& svg) {
  const auto background = [](const Palette& palette) {
    return "svg.figure{background:" + std::string(palette.background) + "}";
  };
  const std::string style = "<style>" + background(kLightPalette) + figure_style() +
                            "@media screen and (prefers-color-scheme:dark){" +
                            background(kDarkPalette) + "}</style>\n";
  const std::size_t inside = svg.find('>') + 1;
  return svg.substr(0, inside) + "\n" + style + svg.substr(inside);
}

}  // namespace trainer
