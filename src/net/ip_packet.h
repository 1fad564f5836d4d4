// From an IP packet to the UDP datagram, or the piece of one, inside it.
#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/ip_address.h"

namespace weir::net {

// Which datagram a fragment belongs to (RFC 791 section 3.2, RFC 8200 section 4.5).
struct FragmentKey {
  IpAddress source;
  IpAddress destination;
  uint32_t identification = 0;
  uint8_t next_header = 0;  // what the datagram begins with: UDP, or for IPv6 another extension header
  auto operator<=>(const FragmentKey&) const = default;
};

struct Fragment {
  FragmentKey key;
  size_t offset_bytes = 0;
  bool more = false;  // not the last one
  ByteView bytes;
};

struct UdpDatagram {
  IpAddress source;
  IpAddress destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  ByteView payload;
};

struct NotUdp {};   // a packet of another protocol
struct Damaged {};  // cut short, or lengths that contradict each other

using IpContent = std::variant<NotUdp, Damaged, UdpDatagram, Fragment>;

// Bytes after the packet, such as the padding of short Ethernet frames, are ignored.
IpContent parse_ipv4(ByteView packet);
IpContent parse_ipv6(ByteView packet);

// A datagram that was put together from fragments: `bytes` begins with what key.next_header names.
IpContent parse_reassembled(const FragmentKey& key, ByteView bytes);

}  // namespace weir::net
