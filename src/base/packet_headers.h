// Headers of packets as they are on the wire: the figures of the RFCs, made of bytes. Bit fields are named by the bytes
// that hold them. The decoder reads sampled packets by them, the capture reader looks through them for UDP.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/ip_address.h"

namespace weir {

using MacAddress = std::array<uint8_t, 6>;

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Be16 type;  // base/ether_type.h
};
static_assert(sizeof(EthernetHeader) == 14);

// What follows the EtherType of a tag (IEEE 802.1Q).
struct VlanTag {
  Be16 control;  // priority 3 bits, drop eligible, VLAN id 12 bits
  Be16 type;
};

// IEEE 802.2 with SNAP: aa aa 03, organization, EtherType (RFC 1042).
struct SnapHeader {
  uint8_t destination_sap;
  uint8_t source_sap;
  uint8_t control;
  std::array<uint8_t, 3> organization;
  Be16 type;
};

// RFC 791 section 3.1, without options.
struct Ipv4Header {
  uint8_t version_ihl;
  uint8_t tos;
  Be16 total_length;
  Be16 identification;
  Be16 flags_offset;  // reserved, don't fragment, more fragments, 13 bits of offset in units of 8 bytes
  uint8_t ttl;
  uint8_t protocol;
  Be16 checksum;
  Be32 source;
  Be32 destination;
};
static_assert(sizeof(Ipv4Header) == 20);

// RFC 8200 section 3.
struct Ipv6Header {
  Be32 version_class_flow;
  Be16 payload_length;
  uint8_t next_header;
  uint8_t hop_limit;
  IpAddress source;
  IpAddress destination;
};
static_assert(sizeof(Ipv6Header) == 40);

// RFC 768.
struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;  // with this header
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

// Extension headers of IPv6 by next header number (RFC 8200 section 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533).
inline constexpr uint8_t kIpv6HopByHop = 0;
inline constexpr uint8_t kIpv6Routing = 43;
inline constexpr uint8_t kIpv6Fragment = 44;
inline constexpr uint8_t kIpv6Authentication = 51;
inline constexpr uint8_t kIpv6DestinationOptions = 60;
inline constexpr uint8_t kIpv6Mobility = 135;
inline constexpr uint8_t kIpv6HostIdentity = 139;
inline constexpr uint8_t kIpv6Shim6 = 140;

constexpr bool is_ipv6_extension(uint8_t next_header) {
  switch (next_header) {
    case kIpv6HopByHop:
    case kIpv6Routing:
    case kIpv6Fragment:
    case kIpv6Authentication:
    case kIpv6DestinationOptions:
    case kIpv6Mobility:
    case kIpv6HostIdentity:
    case kIpv6Shim6:
      return true;
    default:
      return false;
  }
}

// RFC 8200 section 4.5.
struct Ipv6FragmentHeader {
  uint8_t next_header;
  uint8_t reserved;
  Be16 offset_flags;  // 13 bits of offset in units of 8 bytes, 2 reserved, more fragments
  Be32 identification;
};

// What an extension header of any kind but the fragment header begins with.
struct Ipv6Extension {
  uint8_t next_header;
  size_t body_bytes;  // after the two bytes that all kinds begin with
};

// Reads the beginning of an extension header of the given kind; its body is next in `in`, as far as it is there.
inline std::optional<Ipv6Extension> read_ipv6_extension(uint8_t kind, ByteReader& in) {
  struct Start {
    uint8_t next_header;
    uint8_t length;  // in units of 8 bytes, without the first 8; units of 4 without the first 8 in AH (RFC 4302)
  };
  const auto start = in.read<Start>();
  if (!start) return std::nullopt;
  const size_t bytes = kind == kIpv6Authentication ? (size_t{start->length} + 2) * 4 : (size_t{start->length} + 1) * 8;
  return Ipv6Extension{start->next_header, bytes - sizeof(Start)};
}

}  // namespace weir
