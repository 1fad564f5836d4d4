// Headers of sampled packets as they are on the wire: the figures of the RFCs, made of octets. Bit fields are named by
// their octets.
#pragma once

#include <array>
#include <cstdint>

#include "base/big_endian.h"
#include "base/ip_address.h"

namespace weir::decode::packet {

using MacAddress = std::array<uint8_t, 6>;

constexpr uint64_t to_number(const MacAddress& mac) {
  uint64_t value = 0;
  for (const uint8_t octet : mac) value = value << 8 | octet;
  return value;
}

constexpr uint16_t kEtypeIpv4 = 0x0800;
constexpr uint16_t kEtypeArp = 0x0806;
constexpr uint16_t kEtypeBridging = 0x6558;  // RFC 1701: transparent Ethernet bridging
constexpr uint16_t kEtypeVlan = 0x8100;
constexpr uint16_t kEtypeIpv6 = 0x86dd;
constexpr uint16_t kEtypePpp = 0x880b;
constexpr uint16_t kEtypeMpls = 0x8847;
constexpr uint16_t kEtypeMplsMulticast = 0x8848;
constexpr uint16_t kEtypePppoe = 0x8864;
constexpr uint16_t kEtypeServiceVlan = 0x88a8;
constexpr uint16_t kFirstEtype = 0x0600;  // below it is a length

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

// What follows a tag protocol identifier (IEEE 802.1Q).
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

// RFC 2516 section 4.
struct PppoeHeader {
  uint8_t version_type;  // 0x11
  uint8_t code;          // 0: a session's data
  Be16 session;
  Be16 length;
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
  IpAddress source;
  IpAddress destination;
};
static_assert(sizeof(Ipv6Header) == 40);

// The first two octets of every extension header (RFC 8200 section 4).
struct ExtensionHeader {
  uint8_t next_header;
  uint8_t length;  // in units of 8 octets, without the first 8; units of 4 without the first 8 in AH (RFC 4302)
};

// RFC 8200 section 4.5.
struct FragmentHeader {
  uint8_t next_header;
  uint8_t reserved;
  Be16 offset_flags;  // 13 bits of offset in units of 8 octets, 2 reserved, more fragments
  Be32 identification;
};

// RFC 8754 section 2, after next header and length; the segments follow.
struct SegmentRoutingHeader {
  uint8_t routing_type;
  uint8_t segments_left;
  uint8_t last_entry;
  uint8_t flags;
  Be16 tag;
};

struct Ports {
  Be16 source;
  Be16 destination;
};

// RFC 9293 section 3.1, after the ports, as far as we look.
struct TcpRest {
  Be32 sequence;
  Be32 acknowledgement;
  Be16 offset_flags;
};

// RFC 768, after the ports.
struct UdpRest {
  Be16 length;  // with the header
  Be16 checksum;
};

struct IcmpHeader {
  uint8_t type;
  uint8_t code;
};

// RFC 2784, RFC 2890. Checksum, key and sequence number follow as the flags say.
struct GreHeader {
  Be16 flags_version;
  Be16 protocol;
};

// draft-foschiano-erspan-03 section 4.2.
struct ErspanIiHeader {
  Be16 version_vlan;
  Be16 cos_session;  // class of service 3, encapsulation 2, truncated 1, session 10
  Be32 index;
};

// draft-foschiano-erspan-03 section 4.3; 8 octets more follow if the last bit is set.
struct ErspanIiiHeader {
  Be16 version_vlan;
  Be16 cos_session;
  Be32 timestamp;
  Be16 group;
  Be16 frame_type_flags;  // frame has a protocol of its own 1, frame type 5, hardware 6, direction 1, granularity 2,
                          // more 1
};

// RFC 7348 section 5; draft-ietf-nvo3-vxlan-gpe section 3.1.
struct VxlanHeader {
  uint8_t flags;
  std::array<uint8_t, 2> reserved;
  uint8_t next_protocol;  // generic protocol extension only
  Be32 vni_reserved;
};

// RFC 8926 section 3.4.
struct GeneveHeader {
  uint8_t version_options;  // version 2 bits, length of the options in units of 4 octets
  uint8_t flags;
  Be16 protocol;
  Be32 vni_reserved;
};

// 3GPP TS 29.281 section 5.1.
struct GtpHeader {
  uint8_t flags;
  uint8_t message_type;
  Be16 length;
  Be32 endpoint;
};
struct GtpOptional {
  Be16 sequence;
  uint8_t pdu_number;
  uint8_t next_extension;
};

}  // namespace weir::decode::packet
