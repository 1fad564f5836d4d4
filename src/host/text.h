// Cutting the kernel's text into lines, words and numbers. Nothing here allocates.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace weir::host {

// The next line without its end; what is left of `text` begins behind it. Empty at the end (and for an empty line: loop
// while (!text.empty())).
inline std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// The next run of octets that are neither space nor tab nor line feed; empty if there is none.
inline std::string_view next_word(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  text.remove_prefix(begin);
  const size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// Without spaces, tabs and line feeds at both ends.
inline std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
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
  return !text.empty() && text.find_first_not_of("0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
                              std::string_view::npos;
}

// For error messages: the begin of a text, without line ends.
inline std::string_view shortened(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), size_t{80}));
}

}  // namespace weir::host
