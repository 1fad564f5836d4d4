// A sampled header: the first octets of a packet, as sFlow (flow_data raw header) and IPFIX (elements 313, 315) carry
// them. dissect() reads what is there, layer by layer, and stops without complaint where the octets end or a protocol
// is not known: a sampled header is cut off by design.
//
//   outer    the addresses, ports and protocol of the packet as the device saw it
//   inner    of the packet inside the first tunnel (GRE, ERSPAN, IP in IP, VXLAN, Geneve, GTP-U, L2TP, Ethernet over
//            MPLS, ..), if there is one
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "flow/batch.h"

namespace weir::decode::packet {

// What the first octet belongs to.
enum class Link : uint8_t { ethernet, ipv4, ipv6, ip, mpls, pppoe, ppp, unknown };  // ip: version in the first nibble

enum class TunnelType : uint8_t { none, gre, erspan, nvgre, ipip, vxlan, geneve, gtpu, l2tp, mpls, pppoe, teredo };
// "gre", "vxlan", ...: the values of the column tunnel_type.
std::string_view name(TunnelType type);

inline constexpr size_t kMaxLabels = 10;
inline constexpr size_t kMaxSegments = 16;

// One level: what lies between two encapsulations. A flag says whether the values behind it were there.
struct Headers {
  bool ethernet = false;
  uint64_t src_mac = 0;
  uint64_t dst_mac = 0;
  uint16_t etype = 0;  // of what follows all tags and labels; 0 if not known

  uint8_t vlan_count = 0;  // tags seen; the outer one first
  std::array<uint16_t, 2> vlan{};
  std::array<uint8_t, 2> vlan_priority{};

  uint8_t label_count = 0;  // MPLS labels kept, top first
  std::array<uint32_t, kMaxLabels> labels{};
  uint8_t mpls_ttl = 0;

  bool ip = false;
  IpAddress src_addr;
  IpAddress dst_addr;
  uint8_t proto = 0;  // after the extension headers
  uint8_t tos = 0;
  uint8_t ttl = 0;
  uint32_t flow_label = 0;
  bool fragment_known = false;  // IPv4, or an IPv6 fragment header
  uint32_t fragment_id = 0;
  uint16_t fragment_offset = 0;  // in units of 8 octets
  uint8_t ip_flags = 0;          // 1 more fragments, 2 do not fragment

  bool segment_routing = false;  // RFC 8754
  uint8_t segments_left = 0;
  uint8_t segment_count = 0;
  std::array<IpAddress, kMaxSegments> segments{};

  bool ports = false;
  uint16_t src_port = 0;
  uint16_t dst_port = 0;
  bool tcp = false;
  uint16_t tcp_flags = 0;
  bool icmp = false;
  uint8_t icmp_type = 0;
  uint8_t icmp_code = 0;
};

struct Packet {
  Headers outer;
  Headers inner;  // only if tunnel != none
  TunnelType tunnel = TunnelType::none;
  bool has_tunnel_id = false;
  uint64_t tunnel_id = 0;
};

// `packet` is overwritten. Never reads beyond `octets`; the work is bounded by its length.
void dissect(ByteView octets, Link link, Packet& packet);

// Fills the columns of `row` that the packet has values for; leaves the others, and columns that already have a value,
// alone.
void put_columns(const Packet& packet, flow::FlowBatch& batch, size_t row);

}  // namespace weir::decode::packet
