// Values behind a key, one in each line of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::host {

// The number of the line "key number", as in cpu.stat, memory.events and commit_stats.
std::optional<uint64_t> keyed_value(std::string_view text, std::string_view key);

// A number as bcache and bcachefs write it, with a unit of powers of 1024: "1.5k", "20.4G", "1.1M/sec".
std::optional<double> parse_human(std::string_view text);

// The number, in that form, of the line "key: number".
std::optional<double> human_value(std::string_view text, std::string_view key);

}  // namespace weir::host
