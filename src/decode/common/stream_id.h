// Who sends: the identity of a stream of messages, in one place.
//
//   endpoint   where its datagrams come from: the exporter's address and port, or the connection
//   protocol   an exporter numbers the templates of NetFlow v9 and of IPFIX each for themselves
//   domain     observation domain id (RFC 7011 section 3.1), source id (RFC 3954 section 5.1), engine type * 256 +
//              engine id of NetFlow v5, sub-agent of sFlow
//   clock      which of several devices that share all of the above: by its uptime, or by its sequence numbers
//
// The streams of one address (or connection), protocol and domain share a session. In it a stream has a number of its
// own, as its port may change (decode/session/streams.h says how streams are told apart).
#pragma once

#include <compare>
#include <cstdint>

#include "base/ip_address.h"
#include "flow/flow_type.h"

namespace weir::decode {

enum class ExporterPort : uint16_t {};

// Of a stream in its session. 0: not known yet.
enum class StreamNumber : uint32_t {};

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
  StreamNumber number{};  // Streams::find
  bool sure = true;       // false: it may be another stream of this port
  bool operator==(const StreamId&) const = default;
};

// What tells the streams of one session apart where their numbers mean nothing: in a state, for other collectors.
// clock: when the device was started, in milliseconds modulo 2^32; of IPFIX, which does not say that, the number of the
// stream.
struct StreamOrigin {
  ExporterPort port{};
  uint32_t clock = 0;
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

inline SessionKey session_of(const StreamId& stream) {
  return {stream.endpoint.address, stream.domain, stream.protocol, stream.endpoint.connection};
}

}  // namespace weir::decode
