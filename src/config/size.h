// Amounts of memory and disk as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

// "512", "10GB", "1.5 TiB": k, M, G, T count in thousands, Ki, Mi, Gi, Ti in 1024; B may be left out. nullopt if it is
// not one.
std::optional<uint64_t> parse_size(std::string_view text);

// "32MiB", "10GB": the shortest text that parse_size reads back as the same number.
std::string size_to_string(uint64_t bytes);

}  // namespace weir::config
