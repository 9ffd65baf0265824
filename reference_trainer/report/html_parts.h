// Pieces of HTML that the sections of a report share. All texts are escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trainer {

// <name class="classes">content</name>; `content` is HTML, `classes` may be empty.
std::string element(std::string_view name, std::string_view content, std::string_view classes = "");

// <name>text</name> of a plain text.
std::string text_element(std::string_view name, std::string_view text,
                         std::string_view classes = "");

// A link to a path from the report's directory, whatever bytes it holds: never to a scheme.
std::string path_link(std::string_view path, std::string_view shown);

// Links to all of `sources`; the directory that they have in common is written once. Of many
// the number is shown, and they unfold.
std::string source_links(const std::vector<std::string>& sources);

// `table` in a region that scrolls by itself, also by keyboard.
std::string scrolling(std::string_view table, std::string_view label);

// <figure> with the SVG and its caption, which is HTML.
std::string figure_element(const std::string& svg, std::string_view caption);

}  // namespace trainer
