// Points in time as microseconds since 1970-01-01T00:00:00Z, in UTC, and their text (RFC 3339).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

using Micros = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Micros>;

constexpr Timestamp timestamp_from_us(int64_t us) { return Timestamp{Micros{us}}; }
constexpr int64_t to_us(Timestamp t) { return t.time_since_epoch().count(); }

// The wall clock. Only programs and pipeline/ call it: everything else is given the time.
Timestamp wall_clock_now();

// 2026-11-22T14:05:00.123456Z
std::string to_rfc3339(Timestamp t);

// RFC 3339 ("2026-11-22T14:05:00Z", offsets, fractions), and the same cut from the right ("2026-11-22", "2026-11-22
// 14:05"), which is taken as UTC. nullopt if it is neither, or not a real date.
std::optional<Timestamp> parse_time(std::string_view text);

// "90s", "15m", "6h", "30d", "2w", "500ms"; a number without a unit is seconds. nullopt if it is not one, or negative.
std::optional<Micros> parse_duration(std::string_view text);

// "1.5 s", "12 m 30 s": for people.
std::string to_human(Micros duration);

}  // namespace weir
