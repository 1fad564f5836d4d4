#include "filter/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <numeric>

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

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr size_t kLongestWord = 40;

// How many letters to add, to take away, to change or to swap with their neighbour make one word of the other. Neither
// is longer than kLongestWord.
size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<size_t, kLongestWord + 1>;
  std::array<Row, 3> rows{};  // the last three, in turn
  std::iota(rows[0].begin(), rows[0].end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    Row& row = rows[i % 3];
    const Row& last = rows[(i + 2) % 3];
    const Row& before_last = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() < 2 || word.size() > kLongestWord) return {};
  std::string_view best;
  size_t least = word.size() / 4 + 2;  // one mistake in short words, one more for each four letters
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const size_t apart = distance(word, candidate);
    const bool begun = equals_ignoring_case(candidate.substr(0, word.size()), word);  // wins a tie
    if ((apart < least || (apart == least && begun && !best.empty())) && apart < candidate.size()) {
      best = candidate;
      least = apart;
    }
  }
  return best;
}

}  // namespace weir::filter
