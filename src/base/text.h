// Cutting the kernel's text into lines, words and numbers. Nothing here allocates.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace weir {

// The next line without its end; what is left of `text` begins behind it. Empty at the end (and for an empty line: loop
// while (!text.empty())).
inline std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// find_first_of() with more than one character searches them anew for each byte; this was 6 % of a scrape.
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// The next run of bytes that are neither space nor tab nor line feed; empty if there is none.
inline std::string_view next_word(std::string_view& text) {
  size_t begin = 0;
  while (begin < text.size() && is_space(text[begin])) ++begin;
  size_t end = begin;
  while (end < text.size() && !is_space(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// Without spaces, tabs and line feeds at both ends.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The whole text as a number (integers in `base`, without a prefix); nothing if it is anything else or out of range.
template <class Number>
std::optional<Number> parse_number(std::string_view text, [[maybe_unused]] int base = 10) {
  Number value{};
  std::from_chars_result result;
  if constexpr (std::floating_point<Number>) {
    result = std::from_chars(text.data(), text.data() + text.size(), value);
  } else {
    result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  }
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether a name of the kernel can be a part of a metric's name: letters, digits and '_', at least one of them.
inline bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  });
}

// For error messages: the start of a text, without line ends.
inline std::string_view shortened(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), size_t{80}));
}

}  // namespace weir
