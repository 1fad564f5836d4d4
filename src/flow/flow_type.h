// The protocol an exporter speaks: values of the column `type`.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::flow {

enum class FlowType : uint8_t {
  unknown = 0,
  sflow_v5 = 1,
  netflow_v5 = 2,
  netflow_v9 = 3,
  ipfix = 4,
  netflow_v1 = 5,
  netflow_v7 = 6
};

constexpr std::string_view name(FlowType type) {
  constexpr std::string_view names[] = {"unknown", "sFlow v5",   "NetFlow v5", "NetFlow v9",
                                        "IPFIX",   "NetFlow v1", "NetFlow v7"};
  return static_cast<size_t>(type) < std::size(names) ? names[static_cast<size_t>(type)] : "unknown";
}

}  // namespace weir::flow
