// SQL text -> statements, by the lexical rules of DuckDB (those of PostgreSQL).
#include <string>
#include <string_view>
#include <vector>

#include "query/engine.h"

namespace weir::query {
namespace {

// The position after what starts at `at`: a string, a quoted name, a comment or one character.
size_t after_token(std::string_view sql, size_t at) {
  const auto past = [&](std::string_view end, size_t from) {
    const size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("--")) return past("\n", at);
  if (rest.starts_with("/*")) return past("*/", at + 2);
  if (rest.starts_with('"')) return past("\"", at + 1);
  if (rest.starts_with('\'')) {
    // A doubled quote ends one string and begins the next. E'...' also has backslashes.
    const bool escapes = at > 0 && (sql[at - 1] == 'e' || sql[at - 1] == 'E');
    for (size_t i = at + 1; i < sql.size(); ++i) {
      if (escapes && sql[i] == '\\')
        ++i;
      else if (sql[i] == '\'')
        return i + 1;
    }
    return sql.size();
  }
  if (rest.starts_with('$')) {  // $tag$ ... $tag$
    const size_t close =
        sql.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", at + 1);
    if (close != std::string_view::npos && sql[close] == '$') return past(sql.substr(at, close + 1 - at), close + 1);
  }
  return at + 1;
}

}  // namespace

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  size_t start = 0;
  bool blank = true;  // nothing but blanks and comments so far
  for (size_t at = 0; at <= sql.size();) {
    if (at == sql.size() || sql[at] == ';') {
      if (!blank) statements.emplace_back(sql.substr(start, at - start));
      start = ++at;
      blank = true;
      continue;
    }
    const std::string_view rest = sql.substr(at);
    const bool comment = rest.starts_with("--") || rest.starts_with("/*");
    blank = blank && (comment || sql.find_first_of(" \t\r\n\f\v", at) == at);
    at = after_token(sql, at);
  }
  return statements;
}

}  // namespace weir::query
