// Who sends: the identity of a stream of messages, in one place.
//
//   endpoint   where its datagrams come from: the exporter's address and port, or the connection
//   protocol   an exporter numbers the templates of NetFlow v9 and of IPFIX each for themselves
//   domain     observation domain id (RFC 7011 section 3.1), source id (RFC 3954 section 5.1), engine type * 256 +
//              engine id of NetFlow v5, sub-agent of sFlow
//   clock      which of several devices that share all of the above; there is one so far
//
// The streams of one address (or connection), protocol and domain share a session: real exporters change their port. In
// a session a stream is known by its origin, the rest of its identity. Which stream may read by what another one has
// announced is decided by definition_for() (decode/session/template_store.h).
#pragma once

#include <compare>
#include <cstdint>

#include "base/ip_address.h"
#include "flow/flow_type.h"

namespace weir::decode {

enum class ExporterPort : uint16_t {};

enum class Clock : uint8_t {};
inline constexpr Clock kOnlyClock{0};

struct Endpoint {
  IpAddress address;
  ExporterPort port{};
  // Of a TCP or TLS stream (Datagram::connection): its templates and its sequence begin and end with it (RFC 7011
  // section 8). 0: UDP.
  uint64_t connection = 0;
  bool operator==(const Endpoint&) const = default;
};

struct StreamId {
  Endpoint endpoint;
  uint32_t domain = 0;
  flow::FlowType protocol = flow::FlowType::unknown;
  Clock clock = kOnlyClock;
  bool operator==(const StreamId&) const = default;
};

// What tells the streams of one session apart.
struct StreamOrigin {
  ExporterPort port{};
  Clock clock = kOnlyClock;
  auto operator<=>(const StreamOrigin&) const = default;
};

// What tells sessions apart.
struct SessionKey {
  IpAddress exporter;
  uint32_t domain = 0;
  flow::FlowType type = flow::FlowType::unknown;
  uint64_t connection = 0;  // Endpoint::connection
  bool operator==(const SessionKey&) const = default;
};

inline StreamOrigin origin_of(const StreamId& stream) { return {stream.endpoint.port, stream.clock}; }
inline SessionKey session_of(const StreamId& stream) {
  return {stream.endpoint.address, stream.domain, stream.protocol, stream.endpoint.connection};
}

}  // namespace weir::decode
