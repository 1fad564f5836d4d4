#include "telemetry/utf8.h"

#include <cstdint>

#include "base/utf8.h"

namespace weir::telemetry {
namespace {

// Whether all of it stands for itself in any case. Without a way out in the middle, compilers look at 16 bytes at
// once.
bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= (static_cast<uint8_t>(c) < 0x80) & (c != '\n') & (c != '\\') & (c != '"');
  return plain;
}

// How many bytes of the begin stand for themselves in any case.
size_t plain_length(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && static_cast<uint8_t>(text[n]) < 0x80 && text[n] != '\n' && text[n] != '\\' &&
         text[n] != '"')
    ++n;
  return n;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  if (is_plain(text)) {
    out.append(text);
    return;
  }
  while (!text.empty()) {
    const size_t plain = plain_length(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

void append_label_value(std::string& out, std::string_view value) { append_escaped(out, value, true); }
void append_help(std::string& out, std::string_view help) { append_escaped(out, help, false); }

}  // namespace weir::telemetry
