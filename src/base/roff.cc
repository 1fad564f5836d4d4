#include "base/roff.h"

#include <algorithm>

namespace weir {
namespace {

void append_escaped(std::string& out, char c) {
  if (c == '\\') {
    out += "\\e";
  } else if (c == '-') {
    out += "\\-";  // an ASCII hyphen, so that options can be copied
  } else if (c == '`') {
    out += "\\(ga";
  } else if (c == '^') {
    out += "\\(ha";
  } else if (c == '~') {
    out += "\\(ti";
  } else if (c == '\'') {
    out += "\\(aq";
  } else {
    out += c;
  }
}

}  // namespace

std::string roff_text(std::string_view text) {
  constexpr size_t kWidth = 72;
  std::string broken;
  size_t column = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (column > 0 && column + 1 + word.size() > kWidth) {
      broken += '\n';
      column = 0;
    } else if (column > 0) {
      broken += ' ';
      ++column;
    }
    broken += word;
    column += word.size();
    if (end < text.size() && text[end] == '\n') {
      broken += '\n';
      column = 0;
    }
    at = end + 1;
  }
  return roff_lines(broken);
}

std::string roff_lines(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && c == '.') out += "\\&";  // else a request
    append_escaped(out, c);
    begins = c == '\n';
  }
  if (!begins) out += '\n';
  return out;
}

std::string roff_argument(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"')
      out += "\\(dq";
    else if (c == '\n')
      out += ' ';
    else
      append_escaped(out, c);
  }
  return out + "\"";
}

}  // namespace weir
