// A datagram as it was received, before it is decoded.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/time.h"

namespace weir {

struct Datagram {
  ByteView bytes;          // the UDP payload; valid only during the call that hands it over
  IpAddress exporter;      // source address
  uint16_t exporter_port;  // source port, host order
  Timestamp received;      // wall clock, or the capture's time in a replay
  // 0: UDP. Else the number of a TCP or TLS connection, which is never used again: templates belong to the connection
  // (RFC 7011 section 10.4).
  uint64_t connection = 0;
};

}  // namespace weir
