// Text as CSV (RFC 4180), for everything that prints tables.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// Appends a field in quotes.
inline void append_csv_quoted(std::string& out, std::string_view text) {
  out += '"';
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

}  // namespace weir
