// Filter text -> tokens.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"

namespace weir::filter {

struct Token {
  enum class Kind : uint8_t { word, quoted, symbol, end };
  Kind kind = Kind::end;
  std::string_view text;  // without quotes; a view of the filter text, or of a file that it includes
  size_t position = 0;
  size_t source = 0;  // 0: the filter text, else Tokens::files[source - 1]

  // Keywords are case-insensitive; a quoted string is never one.
  bool is_word(std::string_view keyword) const;
  bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  bool is_value() const { return kind == Kind::word || kind == Kind::quoted; }
};

struct IncludedFile {
  std::string path;
  std::string text;
};

struct Tokens {
  std::vector<Token> all;          // the last one is `end`
  std::deque<IncludedFile> files;  // in a deque: tokens refer to their texts
};

// Tokens of `text`, with those of the files that it includes in their places. Views point into `text`.
std::expected<Tokens, FilterError> tokenize(std::string_view text, const World& world);

// Bytes for a message: cut to 40, as a terminal may have them.
std::string printable(std::string_view text);

}  // namespace weir::filter
