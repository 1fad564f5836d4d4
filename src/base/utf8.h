// UTF-8 (RFC 3629) in text that somebody else chose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// How many bytes the character at the begin of `text` takes: 1 to 4, or 0 if there is none. `text` is not empty; it is
// a string_view or a span of bytes.
//
// The first byte says the length. The second is limited further where a shorter form would exist (E0, F0), where the
// surrogates of UTF-16 lie (ED) and above U+10FFFF (F4): table 3-7 of the Unicode standard. All others are 80 to BF.
template <class Bytes>
constexpr size_t utf8_length(const Bytes& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (text.size() < length) return 0;
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// What stands for a byte that is no part of a character: U+FFFD.
inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";

// Calls `add` with each character, and with kReplacementCharacter for each byte that is no part of one.
template <class Add>
constexpr void for_each_character(std::string_view text, Add add) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    add(length > 0 ? text.substr(0, length) : kReplacementCharacter);
    text.remove_prefix(length > 0 ? length : 1);
  }
}

constexpr bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Whether a byte of valid UTF-8 is the second, third or fourth of its character.
constexpr bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

// The begin of valid UTF-8, at most `most` bytes, not cut inside a character.
constexpr std::string_view utf8_prefix(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && continues_character(text[most])) --most;
  return text.substr(0, most);
}

}  // namespace weir
