// The SVG elements that the figures are made of.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

namespace least_squares {

// Pixels, with a tenth; no locale is involved.
inline std::string pixels(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// `text` between tags: SVG is XML.
inline std::string escaped_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

struct Pen {
  std::string color;
  double width = 1;
  std::string dashes;  // lengths in pixels, empty: solid
};

enum class Anchor { kStart, kMiddle, kEnd };

struct Font {
  double size = 13;
  Anchor anchor = Anchor::kStart;
  std::string color = "#222222";
  int weight = 400;
};

// A white sheet that elements are added to, origin at the top left.
class Canvas {
 public:
  Canvas(double width, double height)
      : text_("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + pixels(width) + " " +
              pixels(height) + "\" width=\"" + pixels(width) + "\" height=\"" + pixels(height) +
              "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n") {
    rectangle(0, 0, width, height, "#FFFFFF");
  }

  void rectangle(double x, double y, double width, double height, const std::string& fill) {
    text_ += "<rect" + box(x, y, width, height) + " fill=\"" + fill + "\"/>\n";
  }

  void frame(double x, double y, double width, double height, const Pen& pen) {
    text_ += "<rect" + box(x, y, width, height) + " fill=\"none\"" + stroke(pen) + "/>\n";
  }

  void line(double x1, double y1, double x2, double y2, const Pen& pen) {
    text_ += "<line x1=\"" + pixels(x1) + "\" y1=\"" + pixels(y1) + "\" x2=\"" + pixels(x2) +
             "\" y2=\"" + pixels(y2) + "\"" + stroke(pen) + "/>\n";
  }

  // points: "x,y x,y ...".
  void polyline(const std::string& points, const Pen& pen) {
    text_ += "<polyline points=\"" + points + "\" fill=\"none\" stroke-linejoin=\"round\"" +
             stroke(pen) + "/>\n";
  }

  void disc(double x, double y, double radius, const std::string& fill) {
    text_ += "<circle cx=\"" + pixels(x) + "\" cy=\"" + pixels(y) + "\" r=\"" + pixels(radius) +
             "\" fill=\"" + fill + "\"/>\n";
  }

  void words(double x, double y, std::string_view text, const Font& font) {
    text_ += "<text x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\"" + style(font) + ">" +
             escaped_xml(text) + "</text>\n";
  }

  // Read from bottom to top.
  void vertical_words(double x, double y, std::string_view text, const Font& font) {
    text_ += "<text transform=\"translate(" + pixels(x) + "," + pixels(y) + ") rotate(-90)\"" +
             style(font) + ">" + escaped_xml(text) + "</text>\n";
  }

  std::string finished() const { return text_ + "</svg>\n"; }

 private:
  static std::string box(double x, double y, double width, double height) {
    return " x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" width=\"" + pixels(width) +
           "\" height=\"" + pixels(height) + "\"";
  }

  static std::string stroke(const Pen& pen) {
    std::string text = " stroke=\"" + pen.color + "\" stroke-width=\"" + pixels(pen.width) + "\"";
    if (!pen.dashes.empty()) text += " stroke-dasharray=\"" + pen.dashes + "\"";
    return text;
  }

  static std::string style(const Font& font) {
    constexpr const char* kAnchors[] = {"start", "middle", "end"};
    return " font-size=\"" + pixels(font.size) + "\" font-weight=\"" + std::to_string(font.weight) +
           "\" fill=\"" + font.color + "\" text-anchor=\"" +
           kAnchors[static_cast<int>(font.anchor)] + "\"";
  }

  std::string text_;
};

}  // namespace least_squares
