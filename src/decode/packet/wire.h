// Headers that only sampled packets are read by, as they are on the wire: the figures of the RFCs, made of bytes. Bit
// fields are named by the bytes that hold them. The common ones are in base/packet_headers.h.
#pragma once

#include <array>
#include <cstdint>

#include "base/big_endian.h"
#include "base/ether_type.h"
#include "base/packet_headers.h"

namespace weir::decode::packet {

constexpr uint64_t to_number(const MacAddress& mac) {
  uint64_t value = 0;
  for (const uint8_t byte : mac) value = value << 8 | byte;
  return value;
}

// What follows the EtherType of an E-tag (IEEE 802.1BR section 7.5).
struct ETag {
  Be16 control;     // priority 3 bits, drop eligible, channel that the frame came in by 12 bits
  Be16 channel;     // reserved 2 bits, replicated 2, channel that it goes out by 12
  Be16 extensions;  // of both channels
  Be16 type;
};

// What follows the EtherType of a VN-tag.
struct VnTag {
  Be16 destination;  // direction, pointer, virtual interface 14 bits
  Be16 source;       // looped, reserved, version 2 bits, virtual interface 12
  Be16 type;
};

// RFC 2516 section 4.
struct PppoeHeader {
  uint8_t version_type;  // 0x11
  uint8_t code;          // 0: a session's data
  Be16 session;
  Be16 length;
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

// draft-foschiano-erspan-03 section 4.3; 8 bytes more follow if the last bit is set.
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
  uint8_t version_options;  // version 2 bits, length of the options in units of 4 bytes
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
