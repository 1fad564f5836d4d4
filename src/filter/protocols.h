// IP protocol numbers and their names, for filters and tables.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir::filter {

struct ProtocolName {
  uint8_t number;
  std::string_view name;  // as shown
};

// All that have a name, by number; a number may have several names, the first is the one shown.
std::span<const ProtocolName> protocol_names();

// "TCP"; empty if the number has no name.
std::string_view protocol_name(uint64_t number);

// Case-insensitive; nullopt if there is no such protocol.
std::optional<uint8_t> protocol_number(std::string_view name);

}  // namespace weir::filter
