#include "filter/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/letters.h"
#include "base/result.h"
#include "base/terminal_text.h"
#include "base/utf8.h"

namespace weir::filter {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '/' || c == '-' || c == '+';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

// Longer ones first, so that ">=" is not taken for ">".
constexpr std::array<std::string_view, 16> kSymbols = {"==", "!=", ">=", "<=", "&&", "||", "=", ">",
                                                       "<",  "!",  "(",  ")",  "[",  "]",  ",", "~"};

std::string_view symbol_at(std::string_view rest) {
  for (const std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) return symbol;
  }
  return {};
}

constexpr std::string_view kInclude = "@include";

class Lexer {
 public:
  explicit Lexer(const World& world) : world_(world) {}

  // Adds the tokens of the text of a source. depth: of includes.
  std::expected<void, FilterError> add(std::string_view text, size_t source, size_t depth) {
    size_t at = 0;
    while (at < text.size()) {
      const char c = text[at];
      if (is_blank(c)) {
        ++at;
      } else if (c == '#') {
        at = std::min(text.find('\n', at), text.size());
      } else if (c == '@') {
        at = TRY(include(text, at, source, depth));
      } else {
        const Token token = TRY(token_at(text, at, source));
        tokens_.all.push_back(token);
        at += token.text.size() + (token.kind == Token::Kind::quoted ? 2 : 0);
      }
    }
    return {};
  }

  Tokens finish(size_t end) {
    tokens_.all.push_back({Token::Kind::end, {}, end});
    return std::move(tokens_);
  }

 private:
  std::unexpected<FilterError> error(size_t at, size_t source, std::string message) const {
    FilterError error{at, std::move(message)};
    if (source > 0) {
      error.file = tokens_.files[source - 1].path;
      error.file_text = tokens_.files[source - 1].text;
    }
    return std::unexpected(std::move(error));
  }

  std::expected<Token, FilterError> token_at(std::string_view text, size_t at, size_t source) const {
    const char c = text[at];
    if (c == '\'' || c == '"') {
      const size_t close = text.find(c, at + 1);
      if (close == std::string_view::npos) return error(at, source, "this quote is not closed");
      const std::string_view quoted = text.substr(at + 1, close - at - 1);
      if (!is_utf8(quoted) || quoted.find('\0') != std::string_view::npos) {
        return error(at, source, "this is not text in UTF-8");
      }
      return Token{Token::Kind::quoted, quoted, at, source};
    }
    if (const std::string_view symbol = symbol_at(text.substr(at)); !symbol.empty()) {
      return Token{Token::Kind::symbol, text.substr(at, symbol.size()), at, source};
    }
    size_t end = at;
    while (end < text.size() && is_word_char(text[end])) ++end;
    if (end > at) return Token{Token::Kind::word, text.substr(at, end - at), at, source};
    return error(at, source, fmt::format("unexpected character '{}'{}", printable(text.substr(at, 1)), instead_of(c)));
  }

  // What people may have meant by a character.
  static std::string_view instead_of(char c) {
    if (c == '&') return ": write 'and'";
    if (c == '|') return ": write 'or'";
    if (c == '*' || c == '%') return ": quote a text that has it";
    return "";
  }

  // "@include FILE" at `at`: the tokens of the file; returns what follows.
  std::expected<size_t, FilterError> include(std::string_view text, size_t at, size_t source, size_t depth) {
    size_t name_at = at + kInclude.size();
    if (!equals_ignoring_case(text.substr(at, kInclude.size()), kInclude) || name_at >= text.size() ||
        !is_blank(text[name_at])) {
      return error(at, source, "unexpected character '@': only '@include FILE' begins with it");
    }
    while (name_at < text.size() && (text[name_at] == ' ' || text[name_at] == '\t')) ++name_at;
    if (name_at == text.size()) return error(name_at, source, "expected the name of a file, found the end");
    const Token name = TRY(token_at(text, name_at, source));
    if (!name.is_value()) return error(name_at, source, "expected the name of a file");
    if (!world_.read_file) return error(at, source, "files are not included here");
    if (depth == kMaxIncludeDepth) {
      return error(at, source, fmt::format("more than {} files that include each other", kMaxIncludeDepth));
    }
    if (tokens_.files.size() == kMaxIncludes) {
      return error(at, source, fmt::format("more than {} included files", kMaxIncludes));
    }
    const std::string path(name.text);
    auto read = world_.read_file(path, kMaxIncludedBytes - included_bytes_);
    if (!read) return error(name_at, source, std::move(read).error());
    if (read->size() > kMaxIncludedBytes - included_bytes_) {
      return error(name_at, source, fmt::format("the included files have more than {} bytes", kMaxIncludedBytes));
    }
    included_bytes_ += read->size();
    tokens_.files.push_back({path, *std::move(read)});
    TRY(add(tokens_.files.back().text, tokens_.files.size(), depth + 1));
    return name_at + name.text.size() + (name.kind == Token::Kind::quoted ? 2 : 0);
  }

  const World& world_;
  Tokens tokens_;
  size_t included_bytes_ = 0;
};

}  // namespace

bool Token::is_word(std::string_view keyword) const {
  return kind == Kind::word && equals_ignoring_case(text, keyword);
}

std::string printable(std::string_view text) {
  constexpr size_t kLimit = 40;
  const std::string shown = terminal_text(utf8_prefix(text, kLimit));
  return text.size() > kLimit ? shown + "..." : shown;
}

std::expected<Tokens, FilterError> tokenize(std::string_view text, const World& world) {
  if (text.size() > kMaxFilterBytes) {
    return std::unexpected(
        FilterError{kMaxFilterBytes, fmt::format("the filter is longer than {} bytes", kMaxFilterBytes)});
  }
  Lexer lexer(world);
  TRY(lexer.add(text, 0, 0));
  return lexer.finish(text.size());
}

}  // namespace weir::filter
