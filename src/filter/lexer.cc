#include "query/filter_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/terminal_text.h"
#include "base/utf8.h"

namespace weir::query {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '/' || c == '-';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

// Longer ones first, so that ">=" is not taken for ">".
constexpr std::array<std::string_view, 15> kSymbols = {"==", "!=", ">=", "<=", "&&", "||", "=", ">",
                                                       "<",  "!",  "(",  ")",  "[",  "]",  ","};

std::string_view symbol_at(std::string_view rest) {
  for (const std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) return symbol;
  }
  return {};
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

bool Token::is_word(std::string_view keyword) const {
  return kind == Kind::word && equals_ignoring_case(text, keyword);
}

std::string printable(std::string_view text) {
  constexpr size_t kLimit = 40;
  const std::string shown = terminal_text(utf8_prefix(text, kLimit));
  return text.size() > kLimit ? shown + "..." : shown;
}

std::expected<std::vector<Token>, FilterError> tokenize(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return std::unexpected(
        FilterError{kMaxFilterBytes, fmt::format("the filter is longer than {} bytes", kMaxFilterBytes)});
  }
  std::vector<Token> tokens;
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (is_blank(c)) {
      ++at;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '\'' || c == '"') {
      const size_t close = text.find(c, at + 1);
      if (close == std::string_view::npos) return std::unexpected(FilterError{at, "this quote is not closed"});
      tokens.push_back({Token::Kind::quoted, text.substr(at + 1, close - at - 1), at});
      at = close + 1;
    } else if (const std::string_view symbol = symbol_at(text.substr(at)); !symbol.empty()) {
      tokens.push_back({Token::Kind::symbol, text.substr(at, symbol.size()), at});
      at += symbol.size();
    } else if (is_word_char(c)) {
      size_t end = at;
      while (end < text.size() && is_word_char(text[end])) ++end;
      tokens.push_back({Token::Kind::word, text.substr(at, end - at), at});
      at = end;
    } else {
      return std::unexpected(FilterError{at, fmt::format("unexpected character '{}'", printable(text.substr(at, 1)))});
    }
  }
  tokens.push_back({Token::Kind::end, {}, text.size()});
  return tokens;
}

}  // namespace weir::query
