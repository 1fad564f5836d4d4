// The walk through a packet, and the tables by which one header names the next.
#include <algorithm>

#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

struct ByNumber {
  uint16_t number;
  Next next;
};

// The usual ones first.
constexpr std::array<ByNumber, 11> kEtherTypes = {{
    {kEtypeIpv4, {ipv4}},
    {kEtypeIpv6, {ipv6}},
    {kEtypeVlan, {vlan_tag}},
    {kEtypeServiceVlan, {vlan_tag}},
    {kEtypeOldServiceVlan, {vlan_tag}},
    {kEtypeOldServiceVlan2, {vlan_tag}},
    {kEtypeMpls, {mpls}},
    {kEtypeMplsMulticast, {mpls}},
    {kEtypePppoe, {pppoe}},
    {kEtypeETag, {e_tag}},
    {kEtypeVnTag, {vn_tag}},
}};

bool is_tag(Next next) { return next.parse == vlan_tag || next.parse == e_tag || next.parse == vn_tag; }

constexpr std::array<Next, 256> make_protocols() {
  std::array<Next, 256> table{};
  table[1] = {icmp};
  table[4] = {ip_in_ip};
  table[6] = {tcp};
  table[17] = {udp};
  table[33] = {ports};  // DCCP
  table[41] = {ip_in_ip};
  table[47] = {gre};
  table[58] = {icmp};
  table[97] = {ethernet_in_ip};
  table[115] = {l2tp_ip};
  table[132] = {ports};  // SCTP
  table[136] = {ports};  // UDP-Lite
  table[143] = {ethernet_in_ipv6};
  return table;
}
constexpr std::array<Next, 256> kProtocols = make_protocols();

struct UdpService {
  uint16_t port;
  bool either_side;  // not only as the destination
  Next next;
};
constexpr std::array<UdpService, 9> kUdpServices = {{
    {4789, false, {vxlan}},
    {8472, false, {vxlan}},  // Linux before the number was assigned
    {4790, false, {vxlan_gpe}},
    {6081, false, {geneve}},
    {2152, false, {gtpu}},
    {1701, true, {l2tp_udp}},
    {3544, true, {teredo}},
    {4754, false, {gre}},
    {6635, false, {mpls_in_udp}},
}};

Next first(Link link) {
  switch (link) {
    case Link::ethernet:
      return {ethernet};
    case Link::ipv4:
      return {ipv4};
    case Link::ipv6:
      return {ipv6};
    case Link::ip:
      return {ip};
    case Link::mpls:
      return {mpls};
    case Link::pppoe:
      return {pppoe};
    case Link::ppp:
      return {ppp};
    case Link::unknown:
      break;
  }
  return {};
}

// Only what can have been written: clearing is a good part of the work for a plain packet.
void clear(Packet& packet) {
  static constexpr Headers kNothing;
  packet.outer = kNothing;
  if (packet.tunnel != TunnelType::none) packet.inner = kNothing;
  packet.tunnel = TunnelType::none;
  packet.has_tunnel_id = false;
  packet.tunnel_id = 0;
  packet.srv6.present = false;
  packet.srv6.segments_left = 0;
  packet.srv6.segment_count = 0;
}

}  // namespace

Next by_ethertype(Walk& walk, uint16_t type) {
  const auto* const entry = std::ranges::find(kEtherTypes, type, &ByNumber::number);
  const bool known = entry != kEtherTypes.end();
  if (!known || !is_tag(entry->next)) walk.level->etype = type;
  return known ? entry->next : Next{};
}

Next by_protocol(uint8_t protocol) { return kProtocols[protocol]; }

Next by_udp_port(uint16_t src_port, uint16_t dst_port) {
  for (const UdpService& service : kUdpServices) {
    if (service.port == dst_port || (service.either_side && service.port == src_port)) return service.next;
  }
  return {};
}

void dissect(ByteView bytes, Link link, Packet& packet) {
  clear(packet);
  Walk walk{ByteReader(bytes), packet, &packet.outer};
  Next next = first(link);
  for (size_t layer = 0; layer < kMaxLayers && next.parse != nullptr; ++layer) next = next.parse(walk);
  if (packet.tunnel == TunnelType::none && walk.pppoe_session) {
    packet.tunnel = TunnelType::pppoe;
    walk.set_tunnel_id(*walk.pppoe_session);
  }
}

std::string_view name(TunnelType type) {
  switch (type) {
    case TunnelType::none:
      return "none";
    case TunnelType::gre:
      return "gre";
    case TunnelType::erspan:
      return "erspan";
    case TunnelType::nvgre:
      return "nvgre";
    case TunnelType::ipip:
      return "ipip";
    case TunnelType::etherip:
      return "etherip";
    case TunnelType::vxlan:
      return "vxlan";
    case TunnelType::geneve:
      return "geneve";
    case TunnelType::gtpu:
      return "gtpu";
    case TunnelType::l2tp:
      return "l2tp";
    case TunnelType::mpls:
      return "mpls";
    case TunnelType::pppoe:
      return "pppoe";
    case TunnelType::teredo:
      return "teredo";
  }
  return "none";
}

}  // namespace weir::decode::packet
