#include "filter/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <numeric>

#include "base/letters.h"
#include "base/time.h"
#include "filter/lexer.h"

namespace weir::filter {

std::optional<uint64_t> parse_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  if (suffix.empty()) return value;
  constexpr std::array<std::string_view, 4> kSuffixes = {"k", "m", "g", "t"};
  uint64_t factor = 1;
  for (const std::string_view name : kSuffixes) {
    factor *= 1000;
    if (!equals_ignoring_case(suffix, name)) continue;
    if (value > UINT64_MAX / factor) return std::nullopt;
    return value * factor;
  }
  return std::nullopt;
}

std::optional<uint16_t> parse_flag_letters(std::string_view text) {
  constexpr std::string_view kLetters = "FSRPAUEC";  // by bit, least significant first
  uint16_t mask = 0;
  for (const char c : text) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const size_t bit = kLetters.find(upper);
    if (upper == 'X')
      mask |= 63;
    else if (bit == std::string_view::npos)
      return std::nullopt;
    else
      mask = static_cast<uint16_t>(mask | 1u << bit);
  }
  return text.empty() ? std::nullopt : std::optional(mask);
}

std::optional<IpPrefix> prefix_with_mask(std::string_view address, std::string_view mask_text) {
  const std::optional<IpAddress> mask = IpAddress::parse(mask_text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const int ones = std::countl_one(mask->v4());
  if (std::popcount(mask->v4()) != ones) return std::nullopt;
  return IpPrefix::parse(fmt::format("{}/{}", address, ones));
}

std::optional<uint64_t> parse_mac(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < text.size(); i += 3) {
    unsigned byte = 0;
    const std::string_view digits = text.substr(i, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    if (i + 2 < text.size() && text[i + 2] != ':' && text[i + 2] != '-') return std::nullopt;
    value = value << 8 | byte;
  }
  return value;
}

std::optional<int64_t> parse_time_value(std::string_view text) {
  std::string form(text);
  if (form.find('/') != std::string::npos) {
    std::ranges::replace(form, '/', '-');
    std::ranges::replace(form, '.', 'T');
  }
  const bool digits = std::ranges::all_of(form, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
  if (digits && form.size() == 4) form += "-01";
  if (digits && form.size() == 7) form += "-01";
  std::optional<Timestamp> time = parse_time(form);
  if (!time && form.size() == 13) time = parse_time(form + ":00");  // to the hour
  return time ? std::optional(to_us(*time)) : std::nullopt;
}

bool is_host_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
  return text.size() <= 253 && std::ranges::all_of(text, allowed) && std::ranges::any_of(text, letter);
}

}  // namespace weir::filter
