// The SVG elements that figures are made of. Colours are classes, so that one style sheet draws a
// figure for light and dark, on screens and on paper.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trainer {

// Pixels of the view box, with a tenth at most.
std::string pixels(double value);

// `text` between tags or in a quoted attribute of XML or HTML: characters that XML forbids and
// invalid UTF-8 become U+FFFD.
std::string escaped_markup(std::string_view text);

// Width of a text in the sans-serif fonts of browsers, estimated: there are no metrics here.
double text_width(std::string_view text, double size);

struct Point {
  double x, y;
};

struct Box {
  double x, y, width, height;
};

enum class Anchor { kStart, kMiddle, kEnd };

struct Font {
  double size = 12;
  Anchor anchor = Anchor::kStart;
  const char* colour = "ink";  // a class: "ink" or "soft"
  int weight = 400;
};

// The classes of the i-th series: "line-2 dash-0" to stroke with, "fill-2" to fill with.
std::string line_class(std::size_t series);
std::string fill_class(std::size_t series);

// A sheet without background, origin at the top left.
class SvgCanvas {
 public:
  // `title` and `description` are what a screen reader says; `id` makes them unique in a page.
  SvgCanvas(double width, double height, std::string_view id, std::string_view title,
            std::string_view description);

  void line(Point from, Point to, std::string_view classes);
  void polyline(const std::vector<Point>& points, std::string_view classes);
  // opacity in [0, 1].
  void polygon(const std::vector<Point>& points, std::string_view classes, double opacity);
  void rectangle(const Box& box, std::string_view classes, double opacity = 1);
  void disc(Point center, double radius, std::string_view classes);
  void words(Point at, std::string_view text, const Font& font);
  // Turned by `degrees`, clockwise, around `at`.
  void turned_words(Point at, double degrees, std::string_view text, const Font& font);
  // `png` in base64, stretched over the box without smoothing.
  void image(const Box& box, std::string_view png);

  std::string finished() const { return text_ + "</svg>\n"; }

 private:
  std::string text_;
};

// The style sheet of the classes above, for a page that holds figures. Screens that prefer dark get
// dark colours, paper never does.
std::string figure_style();

// `svg` as a file of its own: with its style sheet and a background.
std::string standalone_svg(const std::string& svg);

}  // namespace trainer
