// Values behind a key, one in each line of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::host {

// The number of the line "key number", as in cpu.stat, memory.events and commit_stats.
std::optional<uint64_t> keyed_value(std::string_view text, std::string_view key);

// A number that bcache and bcachefs write for people: "1.5k", "20.4G", "1.1M/sec", by powers of 1024. Nothing if it is
// anything else.
std::optional<double> parse_human(std::string_view text);

// The same of the line "key: number".
std::optional<double> human_value(std::string_view text, std::string_view key);

}  // namespace weir::host
