#include "reference_trainer/report/html_parts.h"

#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

// RFC 3986, section 2.1. A colon is encoded, so no path is read as "javascript:".
std::string percent_encoded(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    if (unreserved(c)) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

// The longest directory, with its '/', in which all of `paths` lie.
std::string common_directory(const std::vector<std::string>& paths) {
  std::string common = paths.front();
  for (const std::string& path : paths) {
    std::size_t n = 0;
    while (n < common.size() && n < path.size() && common[n] == path[n]) ++n;
    common.resize(n);
  }
  const std::size_t slash = common.rfind('/');
  return slash == std::string::npos ? "" : common.substr(0, slash + 1);
}

}  // namespace

std::string element(std::string_view name, std::string_view content, std::string_view classes) {
  std::string text = "<" + std::string(name);
  if (!classes.empty()) text += " class=\"" + std::string(classes) + "\"";
  return text + ">" + std::string(content) + "</" + std::string(name) + ">";
}

std::string text_element(std::string_view name, std::string_view text, std::string_view classes) {
  return element(name, escaped_markup(text), classes);
}

std::string path_link(std::string_view path, std::string_view shown) {
  return "<a href=\"./" + percent_encoded(path) + "\">" + escaped_markup(shown) + "</a>";
}

// More links than this would make the row of a table as high as a page.
constexpr std::size_t kShownSources = 2;

std::string source_links(const std::vector<std::string>& sources) {
  if (sources.empty()) return "";
  if (sources.size() == 1) return path_link(sources[0], sources[0]);
  const std::string directory = common_directory(sources);
  std::string text = escaped_markup(directory);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += path_link(sources[i], sources[i].substr(directory.size()));
  }
  if (sources.size() <= kShownSources) return text;
  return element("details",
                 text_element("summary", std::to_string(sources.size()) + " runs") + text);
}

std::string scrolling(std::string_view table, std::string_view label) {
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" +
         escaped_markup(label) + "\">" + std::string(table) + "</div>\n";
}

std::string figure_element(const std::string& svg, std::string_view caption) {
  return "<figure><div class=\"scroll\">\n" + svg + "</div><figcaption>" + std::string(caption) +
         "</figcaption></figure>\n";
}

}  // namespace trainer
