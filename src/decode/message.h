// Where a record comes from: what its message and its datagram say about all of their records.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "base/time.h"
#include "flow/flow_type.h"

namespace weir::decode {

struct MessageContext {
  uint64_t datagram = 0;  // number of the datagram, for people
  IpAddress exporter;
  uint16_t port = 0;        // source port of the datagram
  uint64_t connection = 0;  // of a TCP or TLS stream (Datagram::connection), 0 for UDP
  flow::FlowType type = flow::FlowType::unknown;
  uint32_t domain = 0;  // observation domain id, source id, or engine type * 256 + engine id
  Timestamp received{};
  int64_t export_us = 0;    // microseconds since 1970, by the exporter's clock
  bool has_uptime = false;  // NetFlow says how long the exporter has been up, IPFIX does not
  uint32_t uptime_ms = 0;
  uint32_t header_sampling = 0;  // NetFlow v5: sampling interval of the header, 0 if none
};

}  // namespace weir::decode
