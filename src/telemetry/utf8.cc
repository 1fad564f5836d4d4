#include "telemetry/utf8.h"

#include <cstdint>

namespace weir::telemetry {
namespace {

// Octets of the well-formed sequence (Unicode table 3-7) at the begin of the text, 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto octet = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto continues = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return octet(i) >= low && octet(i) <= high;
  };
  const uint8_t lead = octet(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// Whether all of it stands for itself in any case. Without a way out in the middle, compilers look at 16 octets at
// once.
bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= (static_cast<uint8_t>(c) < 0x80) & (c != '\n') & (c != '\\') & (c != '"');
  return plain;
}

// How many octets of the begin stand for themselves in any case.
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
    const size_t length = sequence_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xEF\xBF\xBD";
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
