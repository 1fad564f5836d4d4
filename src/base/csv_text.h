// Text as CSV (RFC 4180), for everything that prints tables.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace weir {

// Appends a field in quotes; `before`: what stands before its text, without quotes.
inline void append_csv_quoted(std::string& out, std::string_view text, std::string_view before = {}) {
  out += '"';
  out += before;
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// Appends a field, in quotes if it must be.
inline void append_csv(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos)
    out += text;
  else
    append_csv_quoted(out, text);
}

// Whether a spreadsheet could take a field that begins so for a formula (OWASP, "CSV Injection"), also in the
// full-width forms that some locales accept.
inline bool is_formula(std::string_view text) {
  constexpr std::array<std::string_view, 11> kBegins = {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"};
  return std::ranges::any_of(kBegins, [&](std::string_view begin) { return text.starts_with(begin); });
}

// Appends a text field for spreadsheets: always in quotes, as they may cut at ';' or a tab instead of at ',', and with
// ' before what could be a formula.
inline void append_csv_guarded(std::string& out, std::string_view text) {
  append_csv_quoted(out, text, is_formula(text) ? "'" : "");
}

}  // namespace weir
