// A sampled header: the first bytes of a packet, as sFlow (flow_data raw header) and IPFIX (elements 313, 315) carry
// them. dissect() reads what is there, layer by layer, and stops without complaint where the bytes end or a protocol
// is not known: a sampled header is cut off by design.
//
//   outer    the addresses, ports and protocol of the packet as the device saw it
//   inner    of the packet inside the first tunnel, if there is one; what is tunnelled in there is not looked at
//
// Encapsulations without IP of their own, chosen so that src_addr and dst_addr always tell who talks to whom:
//
//   IP over MPLS      no tunnel: the addresses are the outer ones, the labels stand beside them
//   PPPoE             the addresses are the outer ones too; tunnel is pppoe with the session, inner stays empty, unless
//                     a tunnel within the session takes their place
//   Ethernet          tunnel is mpls with the bottom label, the customer's frame is the inner level. There is no other
//   over MPLS         IP packet, so put_columns() puts its addresses, ports and protocol into the plain columns as well
//   MPLS over IP      (GRE, UDP) the labels are inner; put_columns() puts them into the label columns
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "flow/batch.h"

namespace weir::decode::packet {

// What the first byte belongs to.
enum class Link : uint8_t { ethernet, ipv4, ipv6, ip, mpls, pppoe, ppp, unknown };  // ip: version in the first nibble

enum class TunnelType : uint8_t {
  none,
  gre,
  erspan,
  nvgre,
  ipip,
  etherip,
  vxlan,
  geneve,
  gtpu,
  l2tp,
  mpls,
  pppoe,
  teredo
};
// "gre", "vxlan", ...: the values of the column tunnel_type.
std::string_view name(TunnelType type);

// Limits. A packet chooses how many headers follow each other; more than these is an attack or damage, and the walk
// ends with what it has.
inline constexpr size_t kMaxLayers = 32;           // headers of one packet, a label stack or extension chain being one
inline constexpr size_t kMaxVlanTags = 8;          // two are usual, three exist
inline constexpr size_t kMaxLabelStack = 32;       // walked to find the bottom; operators use up to 12 or so
inline constexpr size_t kMaxExtensionHeaders = 8;  // RFC 8200 section 4.1 lists seven
inline constexpr size_t kMaxLabels = 10;           // kept: as many as there are columns
inline constexpr size_t kMaxSegments = 16;         // kept

// One level: what lies between two encapsulations. A flag says whether the values behind it were there.
struct Headers {
  bool ethernet = false;
  uint64_t src_mac = 0;
  uint64_t dst_mac = 0;
  // Of what follows all tags, or of the IP packet behind labels or a PPPoE session; 0 if not known.
  uint16_t etype = 0;

  uint8_t vlan_count = 0;  // tags seen; the outer one first
  std::array<uint16_t, 2> vlan{};
  std::array<uint8_t, 2> vlan_priority{};

  uint8_t label_count = 0;  // MPLS labels kept, top first
  std::array<uint32_t, kMaxLabels> labels{};
  uint8_t mpls_ttl = 0;

  bool ip = false;
  uint8_t ip_version = 0;
  IpAddress src_addr;
  IpAddress dst_addr;
  uint32_t ip_length = 0;    // bytes of the whole IP packet, as its header says; 0 if it does not
  bool proto_known = false;  // false: the bytes end within the extension headers
  uint8_t proto = 0;         // after the extension headers
  uint8_t tos = 0;
  uint8_t ttl = 0;
  uint32_t flow_label = 0;
  bool fragment_known = false;  // IPv4, or an IPv6 fragment header
  uint32_t fragment_id = 0;
  uint16_t fragment_offset = 0;  // in units of 8 bytes
  uint8_t ip_flags = 0;          // 1 more fragments, 2 do not fragment

  bool ports = false;
  uint16_t src_port = 0;
  uint16_t dst_port = 0;
  bool tcp = false;
  uint16_t tcp_flags = 0;
  bool icmp = false;
  uint8_t icmp_type = 0;
  uint8_t icmp_code = 0;
};

// The segment routing header of the outer level (RFC 8754). The active segment is the destination address.
struct SegmentRouting {
  bool present = false;
  uint8_t segments_left = 0;
  uint8_t segment_count = 0;                     // kept: those that are there as a whole
  std::array<IpAddress, kMaxSegments> segments;  // in wire order
};

struct Packet {
  Headers outer;
  Headers inner;  // only if tunnel != none
  TunnelType tunnel = TunnelType::none;
  bool has_tunnel_id = false;
  // VNI, VSID, GRE key, PPTP call id, ERSPAN session, tunnel endpoint id, L2TPv3 session, PPPoE session, bottom label;
  // L2TPv2: tunnel id * 65536 + session id, as a session id is unique within its tunnel only.
  uint64_t tunnel_id = 0;
  SegmentRouting srv6;
};

// `packet` is overwritten: one that is used again costs less than a fresh one. Never reads beyond `bytes`; the work is
// bounded by their number and the limits above.
void dissect(ByteView bytes, Link link, Packet& packet);

// Fills the columns of `row` that the packet has values for; leaves the others, and columns that already have a value,
// alone. Tags are those of the side that the row's flow_direction names: a packet taken as it went out has the
// output's.
void put_columns(const Packet& packet, flow::FlowBatch& batch, size_t row);

}  // namespace weir::decode::packet
