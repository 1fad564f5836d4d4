#include "base/time.h"

#include <fmt/format.h>

#include <charconv>

namespace weir {
namespace {

// Takes up to `digits` decimal digits off the front; nullopt if there is none.
std::optional<int> take_digits(std::string_view& text, size_t digits) {
  size_t n = 0;
  int value = 0;
  while (n < digits && n < text.size() && text[n] >= '0' && text[n] <= '9') value = value * 10 + (text[n++] - '0');
  if (n == 0) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+02:00" or nothing (UTC).
std::optional<Micros> take_offset(std::string_view& text) {
  using std::chrono::hours;
  using std::chrono::minutes;
  if (text.empty() || take_char(text, 'Z') || take_char(text, 'z')) return Micros{0};
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take_char(text, '+') && !take_char(text, '-')) return std::nullopt;
  const std::optional<int> hour = take_digits(text, 2);
  take_char(text, ':');
  const std::optional<int> minute = take_digits(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return sign * Micros{hours{*hour} + minutes{*minute}};
}

// ".123456": microseconds; further digits are cut.
std::optional<Micros> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return Micros{0};
  int64_t value = 0;
  int64_t scale = 1'000'000;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    scale /= 10;
    value += scale * (text.front() - '0');
    text.remove_prefix(1);
  }
  return Micros{value};
}

}  // namespace

Timestamp wall_clock_now() { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

std::string to_rfc3339(Timestamp t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{t - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::optional<Timestamp> parse_time(std::string_view text) {
  using namespace std::chrono;
  const std::optional<int> y = take_digits(text, 4);
  if (!y) return std::nullopt;
  int part[5] = {1, 1, 0, 0, 0};  // month, day, hour, minute, second
  constexpr std::string_view kSeparators = "--T::";
  Micros fraction{0};
  Micros offset{0};
  for (size_t i = 0; i < 5; ++i) {
    const bool date_time = i == 2 && (text.starts_with('t') || text.starts_with(' '));
    if (date_time) text.remove_prefix(1);
    if (!date_time && !take_char(text, kSeparators[i])) break;
    const std::optional<int> value = take_digits(text, 2);
    if (!value) return std::nullopt;
    part[i] = *value;
    if (i == 4) {
      const std::optional<Micros> parsed = take_fraction(text);
      if (!parsed) return std::nullopt;
      fraction = *parsed;
    }
  }
  const std::optional<Micros> zone = take_offset(text);
  if (!zone || !text.empty()) return std::nullopt;
  offset = *zone;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(part[0])}, day{static_cast<unsigned>(part[1])}};
  if (!date.ok() || part[2] > 23 || part[3] > 59 || part[4] > 60) return std::nullopt;
  return Timestamp{sys_days{date}} + hours{part[2]} + minutes{part[3]} + seconds{part[4]} + fraction - offset;
}

std::optional<Micros> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !(value >= 0)) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  double seconds = 0;
  if (unit.empty() || unit == "s")
    seconds = 1;
  else if (unit == "ms")
    seconds = 1e-3;
  else if (unit == "us")
    seconds = 1e-6;
  else if (unit == "m" || unit == "min")
    seconds = 60;
  else if (unit == "h")
    seconds = 3600;
  else if (unit == "d")
    seconds = 86400;
  else if (unit == "w")
    seconds = 7 * 86400;
  else
    return std::nullopt;
  const double us = value * seconds * 1e6;
  if (us > 9e18) return std::nullopt;
  return Micros{static_cast<int64_t>(us + 0.5)};
}

std::string to_human(Micros duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e6;
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{} m {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} m", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

}  // namespace weir
