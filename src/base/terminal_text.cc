#include "base/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace weir {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// C1; the controls of direction; the line and paragraph separators; and what Unicode wants shown as nothing
// (Default_Ignorable_Code_Point of 15.0: zero width, soft hyphen, fillers, variation selectors, tags).
constexpr auto kUnseen = std::to_array<Range>({
    {0x0080, 0x009f},
    {0x00ad, 0x00ad},
    {0x034f, 0x034f},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0x3164, 0x3164},
    {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},
    {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
});

constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

bool is_unseen(uint32_t point) {
  const auto after = std::ranges::upper_bound(kUnseen, point, {}, &Range::first);
  return after != kUnseen.begin() && point <= std::prev(after)->last;
}

// Of a character of two bytes or more.
uint32_t code_point(std::string_view character) {
  uint32_t point = static_cast<uint8_t>(character[0]) & (0x7fu >> character.size());
  for (const char c : character.substr(1)) point = point << 6 | (static_cast<uint8_t>(c) & 0x3f);
  return point;
}

void append(std::string& out, std::string_view character) {
  const uint32_t point = code_point(character);
  if (!is_unseen(point))
    out += character;
  else if (point <= 0xffff)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", point);
  else
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", point);
}

}  // namespace

std::string terminal_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto plain = static_cast<size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t length = utf8_length(text);
    if (length > 1)
      append(out, text.substr(0, length));
    else
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint8_t>(text[0]));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string terminal_lines(std::string_view text) {
  std::string out;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    out += terminal_text(text.substr(0, end));
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out + terminal_text(text);
}

size_t display_width(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(utf8, [](char c) { return !continues_character(c); }));
}

}  // namespace weir
