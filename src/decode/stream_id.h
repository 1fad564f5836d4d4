// What tells sessions apart.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "flow/flow_type.h"

namespace weir::decode {

struct SessionKey {
  IpAddress exporter;
  uint32_t domain = 0;
  flow::FlowType type = flow::FlowType::unknown;
  // Of a TCP or TLS stream: its templates and its sequence begin and end with it (RFC 7011 section 8). 0: UDP.
  uint64_t connection = 0;
  bool operator==(const SessionKey&) const = default;
};

}  // namespace weir::decode
