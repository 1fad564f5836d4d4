// Where a record comes from: what its message and its datagram say about all of their records.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "decode/common/stream_id.h"

namespace weir::decode {

struct MessageContext {
  uint64_t datagram = 0;  // number of the datagram, for people and for a journal
  uint32_t set = 0;       // number of the data set in it, from 1, for a journal
  StreamId stream{};
  Timestamp received{};
  int64_t export_us = 0;    // microseconds since 1970, by the exporter's clock
  bool has_uptime = false;  // NetFlow says how long the exporter has been up, IPFIX does not
  uint32_t uptime_ms = 0;
  uint32_t header_sampling = 0;  // NetFlow v5: sampling interval of the header, 0 if none
};

}  // namespace weir::decode
