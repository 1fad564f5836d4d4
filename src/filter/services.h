// Names of services for ports, as people know them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir::filter {

struct ServiceName {
  std::string_view name;
  uint16_t port;
};

// In no order that means anything; a port may have several names.
std::span<const ServiceName> service_names();

// Case-insensitive; nullopt if there is no such service.
std::optional<uint16_t> service_port(std::string_view name);

}  // namespace weir::filter
