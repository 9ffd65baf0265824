#include "reference_trainer/io/json.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"

namespace trainer {
namespace {

constexpr std::size_t kMaxShown = 120;

// Walks over the text and leaves behind how far the parser has read: the parser's callbacks and its
// number errors carry no position of their own.
struct TrackedByte {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** furthest;

  const char& operator*() const { return *at; }
  TrackedByte& operator++() {
    *furthest = ++at;
    return *this;
  }
  bool operator==(const TrackedByte& other) const { return at == other.at; }
  bool operator!=(const TrackedByte& other) const { return at != other.at; }
};

std::string position(std::string_view text, std::size_t consumed, const JsonOrigin& origin) {
  const std::size_t last = consumed == 0 ? 0 : consumed - 1;  // the byte that was read last
  if (origin.position == JsonPosition::kByte) {
    return origin.where + "@" + std::to_string(origin.first_byte + last);
  }
  const std::string_view before = text.substr(0, last);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? last + 1 : last - newline;
  return origin.where + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// The parser's sentence without its "[json.exception...] parse error at line 1, column 2: ".
std::string reason(const std::string& what) {
  const std::size_t syntax = what.find("syntax error");
  const std::size_t bracket = what.find("] ");
  const std::size_t start = syntax != std::string::npos    ? syntax
                            : bracket != std::string::npos ? bracket + 2
                                                           : 0;
  return what.substr(start, 2 * kMaxShown);
}

const std::string& or_else(const std::string& code, const std::string& fallback) {
  return code.empty() ? fallback : code;
}

// Makes the document as the parser reads it, with a limit of depth and without duplicate keys.
// nlohmann's own parser with a callback does the same, but looks through all elements of the parent
// after each object or array: 10^5 tensors took minutes.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const JsonOrigin& origin, const char* const& furthest)
      : text_(text), origin_(origin), furthest_(furthest) {}

  nlohmann::json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(std::move(value)); }
  bool start_object(std::size_t) override { return open(nlohmann::json::object()); }
  bool start_array(std::size_t) override { return open(nlohmann::json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& object = open_.back()->get_ref<nlohmann::json::object_t&>();
    const auto [member, is_new] = object.emplace(name, nullptr);
    if (!is_new) refuse_twice(name);
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& failure) override {
    throw_bad_input({origin_.code, here(), reason(failure.what()), "valid JSON", ""});
  }

 private:
  std::string here() const {
    return position(text_, static_cast<std::size_t>(furthest_ - text_.data()), origin_);
  }

  // Puts a value where the parser stands, and returns its place.
  nlohmann::json* place(nlohmann::json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    return &(*member_ = std::move(value));
  }

  bool add(nlohmann::json value) {
    place(std::move(value));
    return true;
  }

  bool open(nlohmann::json empty) {
    const std::size_t depth = open_.size() + 1;
    if (depth > kMaxJsonDepth) {
      throw_bad_input({or_else(origin_.depth_code, origin_.code), here(),
                       std::to_string(depth) + " levels of nesting",
                       "at most " + std::to_string(kMaxJsonDepth), ""});
    }
    open_.push_back(place(std::move(empty)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  [[noreturn]] void refuse_twice(const std::string& key) const {
    throw_bad_input({or_else(origin_.duplicate_code, origin_.code), here(),
                     "the key " + in_quotes(key) + " twice", "every key once in an object", ""});
  }

  std::string_view text_;
  const JsonOrigin& origin_;
  const char* const& furthest_;
  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;  // objects and arrays from the root to where the parser is
  nlohmann::json* member_ = nullptr;   // of the innermost object: what the last key names
};

}  // namespace

std::string read_file(const std::filesystem::path& path, const std::string& code) {
  const InputFile file = InputFile::open(path, {code, code, Links::kFollow});
  std::string contents(file.size(), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(contents)));
  return contents;
}

nlohmann::json parse_json(std::string_view text, const JsonOrigin& origin) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const char* furthest = text.data() + skipped;
  if (skipped == text.size()) {
    throw_bad_input({origin.code, position(text, 0, origin), "an empty text", "valid JSON", ""});
  }
  Builder builder(text, origin, furthest);
  nlohmann::json::sax_parse(TrackedByte{furthest, &furthest},
                            TrackedByte{text.data() + text.size(), &furthest}, &builder);
  return builder.take();
}

std::string pointer_step(std::string_view token) {
  std::string step = "/";
  for (const char c : token.substr(0, kMaxShown)) {
    step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return token.size() > kMaxShown ? step + "..." : step;
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text.substr(0, kMaxShown)) +
         (text.size() > kMaxShown ? "\"... (" + std::to_string(text.size()) + " bytes)" : "\"");
}

std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= kMaxShown ? text : text.substr(0, kMaxShown) + "...";
}

}  // namespace trainer
