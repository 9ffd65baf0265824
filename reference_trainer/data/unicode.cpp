#include "reference_trainer/data/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

constexpr std::array<CharClass, 128> ascii_classes() {
  std::array<CharClass, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) classes[c] = CharClass::kSpace;
    if (c >= '0' && c <= '9') classes[c] = CharClass::kNumber;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) classes[c] = CharClass::kLetter;
  }
  return classes;
}
constexpr std::array<CharClass, 128> kAsciiClasses = ascii_classes();

CharClass class_of(char32_t c) {
  if (is_white_space(c)) return CharClass::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    default:
      return CharClass::kOther;
  }
}

// A character's longest full canonical decomposition has 4 code points (UAX 15, section 9).
constexpr std::size_t kMaxDecomposition = 4;

using CodePoints = std::vector<utf8proc_int32_t>;

void append_decomposed(char32_t c, CodePoints& out) {
  std::array<utf8proc_int32_t, kMaxDecomposition> parts;
  int boundary_class = 0;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), kMaxDecomposition,
                              UTF8PROC_DECOMPOSE, &boundary_class);
  out.insert(out.end(), parts.begin(), parts.begin() + count);
}

// Runs of combining marks are sorted by their class; equal classes keep their order.
void sort_marks(CodePoints& text) {
  const auto mark_class = [](utf8proc_int32_t c) {
    return utf8proc_get_property(c)->combining_class;
  };
  const auto is_mark = [&](utf8proc_int32_t c) { return mark_class(c) != 0; };
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = std::find_if(at, text.end(), is_mark);
    const auto end = std::find_if_not(begin, text.end(), is_mark);
    std::stable_sort(begin, end, [&](auto a, auto b) { return mark_class(a) < mark_class(b); });
    at = end;
  }
}

// `text` is well-formed.
void append_composed(std::string_view text, std::string& out) {
  CodePoints characters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    append_decomposed(utf8_code_point(text.substr(at, length)), characters);
    at += length;
  }
  sort_marks(characters);
  constexpr int kOptions = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
  const utf8proc_ssize_t count = utf8proc_normalize_utf32(characters.data(), std::ssize(characters),
                                                          static_cast<utf8proc_option_t>(kOptions));
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    std::array<utf8proc_uint8_t, 4> bytes;
    const utf8proc_ssize_t length = utf8proc_encode_char(characters[i], bytes.data());
    out.append(bytes.begin(), bytes.begin() + length);
  }
}

// Whether nothing before text[at] can change together with what follows.
bool is_boundary(std::string_view text, std::size_t at, std::size_t length) {
  return length == 0 || is_stable_in_nfc(utf8_code_point(text.substr(at, length)));
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {kAsciiClasses[first], 1, first};
  const std::size_t length = utf8_length(text, at);
  if (length == 0) return {CharClass::kOther, 1, 0xfffd};
  const char32_t c = utf8_code_point(text.substr(at, length));
  return {class_of(c), static_cast<std::uint8_t>(length), c};
}

bool is_word_character(char32_t c) {
  const bool is_joiner = c == 0x200c || c == 0x200d;
  // Circled and squared letters are symbols by category and alphabetic by property.
  const bool is_letter_like = (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
                              (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
  if (is_joiner || is_letter_like) return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) ||
         category == UTF8PROC_CATEGORY_PC;
}

bool is_stable_in_nfc(char32_t c) {
  return c < 0x300 || (c >= 0x400 && c <= 0x482) || (c >= 0x2010 && c <= 0x2027) ||
         (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa) ||
         (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0x1f300 && c <= 0x1faff);
}

// What may change is cut out with the character before it, which may be the base of a composition.
std::string to_nfc(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t copied = 0, base = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      base = at++;
      continue;
    }
    std::size_t length = utf8_length(text, at);
    if (is_boundary(text, at, length)) {
      base = length == 0 ? at + 1 : at;  // nothing composes with a stray byte
      at += std::max<std::size_t>(1, length);
      continue;
    }
    do {
      at += length;
      length = at < text.size() ? utf8_length(text, at) : 0;
    } while (length > 0 && !is_boundary(text, at, length));
    result.append(text, copied, base - copied);
    append_composed(text.substr(base, at - base), result);
    copied = base = at;
  }
  return result.append(text, copied);
}

}  // namespace trainer
