// Headers below UDP as they are on the wire: the figures of the RFCs, made of octets. Bit fields are named by their
// octets.
#pragma once

#include <array>
#include <cstdint>

#include "base/big_endian.h"

namespace weir::net {

constexpr uint16_t kEtherTypeIpv4 = 0x0800;
constexpr uint16_t kEtherTypeIpv6 = 0x86dd;

constexpr uint8_t kProtocolUdp = 17;

struct EthernetHeader {
  std::array<uint8_t, 6> destination;
  std::array<uint8_t, 6> source;
  Be16 type;  // below 0x0600 it is a length (IEEE 802.3)
};

// What follows an EtherType 0x8100, 0x88a8 or 0x9100 (IEEE 802.1Q).
struct VlanTag {
  Be16 control;  // priority, drop eligible, VLAN id
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

// LINKTYPE_LINUX_SLL
struct CookedHeader {
  Be16 packet_type;
  Be16 arp_type;
  Be16 address_length;
  std::array<uint8_t, 8> address;
  Be16 type;
};

// LINKTYPE_LINUX_SLL2
struct CookedHeader2 {
  Be16 type;
  Be16 reserved;
  Be32 interface_index;
  Be16 arp_type;
  uint8_t packet_type;
  uint8_t address_length;
  std::array<uint8_t, 8> address;
};

// RFC 791 section 3.1, without options.
struct Ipv4Header {
  uint8_t version_ihl;
  uint8_t tos;
  Be16 total_length;
  Be16 identification;
  Be16 flags_offset;  // reserved, don't fragment, more fragments, 13 bits of offset in units of 8 octets
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
  std::array<uint8_t, 16> source;
  std::array<uint8_t, 16> destination;
};
static_assert(sizeof(Ipv6Header) == 40);

// The first two octets of hop-by-hop options, routing and destination options (RFC 8200 section 4).
struct Ipv6ExtensionHeader {
  uint8_t next_header;
  uint8_t length;  // in units of 8 octets, without the first 8; units of 4 without the first 8 in AH (RFC 4302)
};

// RFC 8200 section 4.5.
struct Ipv6FragmentHeader {
  uint8_t next_header;
  uint8_t reserved;
  Be16 offset_flags;  // 13 bits of offset in units of 8 octets, 2 reserved, more fragments
  Be32 identification;
};

// RFC 768.
struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;  // with this header
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

}  // namespace weir::net
