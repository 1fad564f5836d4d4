// Numbers that bcache and bcachefs write for people: "1.5k", "20.4G", "1.1M/sec".
#pragma once

#include <optional>
#include <string_view>

namespace weir::host {

// With powers of 1024; nothing if it is anything else.
std::optional<double> parse_human(std::string_view text);

// The number behind "key:" in some line of the text.
std::optional<double> human_value(std::string_view text, std::string_view key);

}  // namespace weir::host
