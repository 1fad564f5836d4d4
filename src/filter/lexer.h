// Filter text -> tokens.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "query/filter.h"

namespace weir::query {

struct Token {
  enum class Kind : uint8_t { word, quoted, symbol, end };
  Kind kind = Kind::end;
  std::string_view text;  // without quotes; a view of the filter text
  size_t position = 0;

  // Keywords are case-insensitive; a quoted string is never one.
  bool is_word(std::string_view keyword) const;
  bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

// The last token is `end`. Views point into `text`.
std::expected<std::vector<Token>, FilterError> tokenize(std::string_view text);

// Equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Bytes for a message: cut to 40, anything but printable ASCII shown as '?'.
std::string printable(std::string_view text);

}  // namespace weir::query
