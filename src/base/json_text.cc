#include "base/json_text.h"

#include <cstdint>

namespace weir {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Octets of the UTF-8 sequence that `text` begins with, 0 if it does not begin with one (RFC 3629 section 4: no
// overlong forms, no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto between = [&](size_t i, uint8_t first, uint8_t last) { return at(i) >= first && at(i) <= last; };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return between(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const uint8_t first = lead == 0xe0 ? 0xa0 : 0x80;
    const uint8_t last = lead == 0xed ? 0x9f : 0xbf;
    return between(1, first, last) && between(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const uint8_t first = lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t last = lead == 0xf4 ? 0x8f : 0xbf;
    return between(1, first, last) && between(2, 0x80, 0xbf) && between(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<uint8_t>(c);
  if (code >= 0x20) {
    out += c;
  } else {
    out += "\\u00";
    out += kHexDigits[code >> 4];
    out += kHexDigits[code & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) {
      const auto octet = static_cast<uint8_t>(text[0]);
      out += "\\\\x";
      out += kHexDigits[octet >> 4];
      out += kHexDigits[octet & 15];
    } else if (length == 1) {
      append_ascii(out, text[0]);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace weir
