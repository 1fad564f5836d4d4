// Packets of every protocol that dissect() knows, with the columns that they have to give.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "decode/packet/packet.h"
#include "decode/packet/test_packets.h"
#include "decode/test_decode.h"

namespace weir::decode::packet::test {

using decode::test::Row;

// From "column=value, column=value" texts; a later one replaces an earlier one.
inline Row columns(std::initializer_list<std::string_view> texts) {
  Row row;
  for (std::string_view text : texts) {
    while (!text.empty()) {
      const size_t end = std::min(text.find(", "), text.size());
      const std::string_view pair = text.substr(0, end);
      const size_t equals = pair.find('=');
      row[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
      text.remove_prefix(std::min(end + 2, text.size()));
    }
  }
  return row;
}

struct Case {
  std::string_view name;
  Link link;
  Wire bytes;
  Row want;
};

inline constexpr std::string_view kMacs = "src_mac=02:00:5e:00:53:01, dst_mac=02:00:5e:00:53:02";
inline constexpr std::string_view kIpv4Columns =
    "etype=2048, src_addr=192.0.2.1, dst_addr=198.51.100.2, proto=6, ip_tos=0, ip_ttl=64, fragment_id=4660, "
    "fragment_offset=0, ip_flags=2";
inline constexpr std::string_view kIpv6Columns =
    "etype=34525, src_addr=2001:db8::1, dst_addr=2001:db8::2, proto=6, ip_tos=0, ip_ttl=64, ipv6_flow_label=0";
inline constexpr std::string_view kTcpColumns = "src_port=49152, dst_port=443, tcp_flags=18";
inline constexpr std::string_view kInnerMacs = "inner_src_mac=02:00:5e:00:53:a1, inner_dst_mac=02:00:5e:00:53:a2";
inline constexpr std::string_view kInnerIpv4 =
    "inner_etype=2048, inner_src_addr=10.0.0.1, inner_dst_addr=10.0.0.2, inner_tos=184, inner_ttl=63";
inline constexpr std::string_view kInnerTcp =
    "inner_proto=6, inner_src_port=49152, inner_dst_port=443, inner_tcp_flags=18";

inline Wire tcp_segment() { return tcp(49152, 443, 0x12); }
inline Wire tcp_ipv4() { return ipv4({}, tcp_segment()); }
inline Wire tcp_ipv6() { return ipv6({}, tcp_segment()); }
inline Wire tcp_inner() { return inner_ipv4(6, tcp_segment()); }
inline Wire tcp_inner_frame() { return inner_frame(0x0800, tcp_inner()); }
// A tunnel from 192.0.2.1 to 198.51.100.2.
inline Wire over_ipv4(uint8_t protocol, const Wire& payload) {
  return frame(0x0800, ipv4({.protocol = protocol}, payload));
}
inline Wire over_udp(uint16_t port, const Wire& payload) { return over_ipv4(17, udp(50000, port, payload)); }

inline void add_links(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, Link link, const Wire& bytes, Row want) {
    cases.push_back({name, link, bytes, std::move(want)});
  };
  constexpr auto kEthernet = Link::ethernet;
  const Row plain = columns({kMacs, kIpv4Columns, kTcpColumns});
  const Row bare = columns({kIpv4Columns, kTcpColumns});

  add("tcp over ipv4", kEthernet, frame(0x0800, tcp_ipv4()), plain);
  add("trailing padding", kEthernet, frame(0x0800, tcp_ipv4()).zeros(6), plain);
  add("ipv4 alone", Link::ipv4, tcp_ipv4(), bare);
  add("ip alone: 4", Link::ip, tcp_ipv4(), bare);
  add("ip alone: 6", Link::ip, tcp_ipv6(), columns({kIpv6Columns, kTcpColumns}));
  add("ipv6 alone", Link::ipv6, tcp_ipv6(), columns({kIpv6Columns, kTcpColumns}));
  add("unknown link", Link::unknown, frame(0x0800, tcp_ipv4()), {});
  add("arp", kEthernet, frame(0x0806, Wire::hex("0001 0800 0604 0001").zeros(20)), columns({kMacs, "etype=2054"}));

  const Wire snap = Wire::hex("aaaa03 000000 0800").add(tcp_ipv4());
  add("802.3 snap", kEthernet, frame(static_cast<uint16_t>(snap.size()), snap), plain);
  add("802.3 snap, other organization", kEthernet, frame(46, Wire::hex("aaaa03 00000c 2000").zeros(38)),
      columns({kMacs}));
  add("802.3 spanning tree", kEthernet, frame(38, Wire::hex("424203").zeros(35)), columns({kMacs}));

  constexpr std::string_view kTag = "vlan_id=100, src_vlan=100, vlan_priority=5";
  add("802.1q", kEthernet, frame(0x8100, tag(100, 0x0800, tcp_ipv4(), 5)),
      columns({kMacs, kIpv4Columns, kTcpColumns, kTag}));
  add("802.1q priority tag", kEthernet, frame(0x8100, tag(0, 0x86dd, tcp_ipv6(), 7)),
      columns({kMacs, kIpv6Columns, kTcpColumns, "vlan_id=0, src_vlan=0, vlan_priority=7"}));
  add("802.1q with a length in place of the type", kEthernet,
      frame(0x8100, tag(100, static_cast<uint16_t>(snap.size()), snap, 5)),
      columns({kMacs, kIpv4Columns, kTcpColumns, kTag}));
  const Wire inner_tag = tag(200, 0x0800, tcp_ipv4());
  const Row two_tags = columns({kMacs, kIpv4Columns, kTcpColumns, kTag, "customer_vlan_id=200"});
  for (const uint16_t outer : std::array<uint16_t, 4>{0x88a8, 0x8100, 0x9100, 0x9200}) {
    add("qinq", kEthernet, frame(outer, tag(100, 0x8100, inner_tag, 5)), two_tags);
  }
  // Tags between a switch and its port extenders: 802.1BR and Cisco's.
  const Wire e_tag = Wire::hex("a012 3034 0506");
  const Wire vn_tag = Wire::hex("c123 0456");
  add("e-tag", kEthernet, frame(0x893f, Wire(e_tag).u16(0x0800).add(tcp_ipv4())), plain);
  add("vn-tag", kEthernet, frame(0x8926, Wire(vn_tag).u16(0x86dd).add(tcp_ipv6())),
      columns({kMacs, kIpv6Columns, kTcpColumns}));
  add("e-tag outside of a vlan", kEthernet, frame(0x893f, Wire(e_tag).u16(0x8100).add(tag(100, 0x0800, tcp_ipv4(), 5))),
      columns({kMacs, kIpv4Columns, kTcpColumns, kTag}));
  add("vn-tag outside of two vlans", kEthernet,
      frame(0x8926, Wire(vn_tag).u16(0x88a8).add(tag(100, 0x8100, inner_tag, 5))), two_tags);
  add("vn-tag before a length", kEthernet,
      frame(0x8926, Wire(vn_tag).u16(static_cast<uint16_t>(snap.size())).add(snap)), plain);
  Wire e_tags;
  for (size_t i = 0; i < 100; ++i) e_tags.add(e_tag).u16(0x893f);
  add("e-tags without end", kEthernet, frame(0x893f, e_tags), columns({kMacs}));
  add("three tags", kEthernet, frame(0x88a8, tag(100, 0x8100, tag(200, 0x8100, tag(3, 0x0800, tcp_ipv4())), 5)),
      two_tags);

  add("pppoe session", kEthernet, frame(0x8864, pppoe(0x1001, 0x0021, tcp_ipv4())),
      columns({kMacs, kIpv4Columns, kTcpColumns, "tunnel_type=pppoe, tunnel_id=4097"}));
  add("pppoe session, ipv6", kEthernet, frame(0x8864, pppoe(0x1001, 0x0057, tcp_ipv6())),
      columns({kMacs, kIpv6Columns, kTcpColumns, "tunnel_type=pppoe, tunnel_id=4097"}));
  add("pppoe session, control", kEthernet, frame(0x8864, pppoe(0x1001, 0xc021, Wire::hex("01010004"))),
      columns({kMacs, "etype=34916, tunnel_type=pppoe, tunnel_id=4097"}));
  add("pppoe with a tunnel", Link::pppoe, pppoe(0x1001, 0x0021, ipv4({.protocol = 4}, tcp_inner())),
      columns({kIpv4Columns, "proto=4, tunnel_type=ipip", kInnerIpv4, kInnerTcp}));
  add("pppoe discovery", kEthernet, frame(0x8863, Wire::hex("1109 0000 0004 01010000")),
      columns({kMacs, "etype=34915"}));
  add("ppp", Link::ppp, Wire().u16(0x0021).add(tcp_ipv4()), bare);
  add("ppp in hdlc framing", Link::ppp, Wire().u16(0xff03).u16(0x0021).add(tcp_ipv4()), bare);
  add("ppp, protocol of one byte", Link::ppp, Wire().u8(0x21).add(tcp_ipv4()), bare);
  add("ppp, mpls", Link::ppp, Wire().u16(0x0281).add(label(16, true, tcp_ipv4())),
      columns({kIpv4Columns, kTcpColumns, "mpls_label_1=16, mpls_ttl=60"}));
}

inline void add_mpls(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, Link link, const Wire& bytes, Row want) {
    cases.push_back({name, link, bytes, std::move(want)});
  };
  constexpr auto kEthernet = Link::ethernet;
  constexpr std::string_view kStack = "mpls_label_1=1000, mpls_label_2=2000, mpls_ttl=61";
  const auto stack = [](const Wire& payload) { return label(1000, false, label(2000, true, payload), 61); };

  add("mpls, ipv4", kEthernet, frame(0x8847, stack(tcp_ipv4())), columns({kMacs, kIpv4Columns, kTcpColumns, kStack}));
  add("mpls, ipv6", kEthernet, frame(0x8847, stack(tcp_ipv6())), columns({kMacs, kIpv6Columns, kTcpColumns, kStack}));
  add("mpls multicast", kEthernet, frame(0x8848, stack(tcp_ipv4())),
      columns({kMacs, kIpv4Columns, kTcpColumns, kStack}));
  add("mpls alone", Link::mpls, stack(tcp_ipv4()), columns({kIpv4Columns, kTcpColumns, kStack}));
  add("mpls in a vlan", kEthernet, frame(0x8100, tag(9, 0x8847, stack(tcp_ipv4()))),
      columns({kMacs, kIpv4Columns, kTcpColumns, kStack, "vlan_id=9, src_vlan=9, vlan_priority=0"}));
  const Wire with_options = ipv4({.options = Wire::hex("94040000")}, tcp_segment());
  add("mpls, ipv4 with options", kEthernet, frame(0x8847, stack(with_options)),
      columns({kMacs, kIpv4Columns, kTcpColumns, kStack}));
  add("mpls, ipv6 with an unusual next header", kEthernet,
      frame(0x8847, stack(ipv6({.next = 60}, extension(6, tcp_segment())))),
      columns({kMacs, kIpv6Columns, kTcpColumns, kStack}));

  // The only addresses of the packet are in both places.
  const Row pseudowire = columns({kMacs, kStack, "tunnel_type=mpls, tunnel_id=2000", kInnerMacs, kInnerIpv4, kInnerTcp,
                                  "etype=2048, src_addr=10.0.0.1, dst_addr=10.0.0.2, proto=6, ip_tos=184, ip_ttl=63, "
                                  "fragment_id=4660, fragment_offset=0, ip_flags=2",
                                  kTcpColumns});
  add("ethernet over mpls", kEthernet, frame(0x8847, stack(tcp_inner_frame())), pseudowire);
  add("ethernet over mpls, control word", kEthernet, frame(0x8847, stack(Wire().u32(0).add(tcp_inner_frame()))),
      pseudowire);
  add("ethernet over mpls, numbered control word", kEthernet,
      frame(0x8847, stack(Wire().u32(0xabcd).add(tcp_inner_frame()))), pseudowire);
  Row tagged = pseudowire;
  tagged["inner_vlan_id"] = "77";
  add("ethernet over mpls, vlan", kEthernet,
      frame(0x8847, stack(Wire().u32(0).add(inner_frame(0x8100, tag(77, 0x0800, tcp_inner()))))), tagged);
  Row vendor = pseudowire;
  vendor["inner_dst_mac"] = "60:00:5e:00:53:a2";
  add("ethernet over mpls, address like ipv6", kEthernet,
      frame(0x8847, stack(frame(0x0800, tcp_inner(), kInnerSrcMac, 0x6000'5e00'53a2))), vendor);
  vendor["inner_dst_mac"] = "46:00:5e:00:53:a2";
  add("ethernet over mpls, address like ipv4", kEthernet,
      frame(0x8847, stack(frame(0x0800, tcp_inner(), kInnerSrcMac, 0x4600'5e00'53a2))), vendor);
  add("ethernet over mpls, other protocol", kEthernet,
      frame(0x8847, stack(Wire().u32(0).add(inner_frame(0x88cc, Wire::hex("0207 04 0200 5e00 53a1"))))),
      columns({kMacs, kStack, "etype=34887, tunnel_type=mpls, tunnel_id=2000, inner_etype=35020", kInnerMacs}));
  add("mpls, associated channel", kEthernet, frame(0x8847, stack(Wire::hex("1000 0021").add(tcp_ipv4()))),
      columns({kMacs, kStack, "etype=34887"}));
  add("mpls, neither ip nor ethernet", kEthernet, frame(0x8847, stack(Wire().u32(0x0003'0001).zeros(60))),
      columns({kMacs, kStack, "etype=34887"}));

  Wire deep = label(12, true, tcp_ipv4());
  for (uint32_t i = 11; i >= 1; --i) deep = label(i, false, deep);
  add("mpls, twelve labels", kEthernet, frame(0x8847, deep),
      columns({kMacs, kIpv4Columns, kTcpColumns,
               "mpls_ttl=60, mpls_label_1=1, mpls_label_2=2, mpls_label_3=3, mpls_label_4=4, mpls_label_5=5, "
               "mpls_label_6=6, mpls_label_7=7, mpls_label_8=8, mpls_label_9=9, mpls_label_10=10"}));
}

inline void add_ip(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, Link link, const Wire& bytes, Row want) {
    cases.push_back({name, link, bytes, std::move(want)});
  };
  const Wire segment = tcp_segment();
  add("ipv4 with options", Link::ipv4, ipv4({.options = Wire::hex("94040000 01010101")}, segment),
      columns({kIpv4Columns, kTcpColumns}));
  add("ipv4, all of the header", Link::ipv4, ipv4({.tos = 0xb9, .ttl = 1, .id = 7, .flags_offset = 0}, segment),
      columns({kIpv4Columns, kTcpColumns, "ip_tos=185, ip_ttl=1, fragment_id=7, ip_flags=0"}));
  add("ipv4, first fragment", Link::ipv4, ipv4({.flags_offset = 0x2000}, segment),
      columns({kIpv4Columns, kTcpColumns, "ip_flags=1"}));
  add("ipv4, later fragment", Link::ipv4, ipv4({.flags_offset = 0x20b9}, segment),
      columns({kIpv4Columns, "ip_flags=1, fragment_offset=185"}));
  add("udp", Link::ipv4, ipv4({.protocol = 17}, udp(5353, 53, Wire::hex("0001"))),
      columns({kIpv4Columns, "proto=17, src_port=5353, dst_port=53"}));
  add("tcp, all flags", Link::ipv4, ipv4({}, tcp(1, 2, 0x1ff)),
      columns({kIpv4Columns, "src_port=1, dst_port=2, tcp_flags=511"}));
  const Wire two_ports = Wire().u16(36412).u16(36413).zeros(8);
  for (const uint8_t protocol : std::array<uint8_t, 3>{33, 132, 136}) {
    Row want = columns({kIpv4Columns, "src_port=36412, dst_port=36413"});
    want["proto"] = std::to_string(protocol);
    add("dccp, sctp, udp-lite", Link::ipv4, ipv4({.protocol = protocol}, two_ports), want);
  }
  add("icmp", Link::ipv4, ipv4({.protocol = 1}, icmp(3, 4)),
      columns({kIpv4Columns, "proto=1, icmp_type=3, icmp_code=4"}));
  add("icmpv6", Link::ipv6, ipv6({.next = 58}, icmp(135, 0)),
      columns({kIpv6Columns, "proto=58, icmp_type=135, icmp_code=0"}));
  add("another protocol", Link::ipv4, ipv4({.protocol = 89}, Wire().zeros(24)), columns({kIpv4Columns, "proto=89"}));

  add("ipv6, all of the header", Link::ipv6,
      ipv6({.traffic_class = 0xb9, .flow_label = 0xabcde, .hop_limit = 3}, segment),
      columns({kIpv6Columns, kTcpColumns, "ip_tos=185, ip_ttl=3, ipv6_flow_label=703710"}));
  const Row v6 = columns({kIpv6Columns, kTcpColumns});
  add("ipv6, hop by hop", Link::ipv6, ipv6({.next = 0}, extension(6, segment)), v6);
  add("ipv6, hop by hop, destination, routing, destination", Link::ipv6,
      ipv6({.next = 0}, extension(60, extension(43, extension(60, extension(6, segment, 3))), 1)), v6);
  add("ipv6, authentication", Link::ipv6, ipv6({.next = 51}, Wire().u8(6).u8(4).zeros(22).add(segment)), v6);
  add("ipv6, encrypted", Link::ipv6, ipv6({.next = 50}, Wire().zeros(40)), columns({kIpv6Columns, "proto=50"}));
  add("ipv6, nothing follows", Link::ipv6, ipv6({.next = 59}, Wire()), columns({kIpv6Columns, "proto=59"}));
  constexpr std::string_view kFragment = "fragment_id=3405643777, fragment_offset=0, ip_flags=1";
  add("ipv6, first fragment", Link::ipv6, ipv6({.next = 44}, ipv6_fragment(6, 0, true, segment)),
      columns({kIpv6Columns, kTcpColumns, kFragment}));
  add("ipv6, later fragment", Link::ipv6, ipv6({.next = 44}, ipv6_fragment(6, 100, false, segment)),
      columns({kIpv6Columns, kFragment, "fragment_offset=100, ip_flags=0"}));
  Row hidden = columns({kIpv6Columns, kFragment, "fragment_offset=100, ip_flags=0"});
  hidden.erase("proto");
  add("ipv6, later fragment of an extension header", Link::ipv6,
      ipv6({.next = 44}, ipv6_fragment(60, 100, false, segment)), hidden);

  constexpr std::string_view kSegments =
      "dst_addr=2001:db8::52, srv6_segments=2001:db8::53 2001:db8::52 2001:db8::51, srv6_segments_left=1, "
      "srv6_active_segment=2001:db8::52";
  const auto srv6 = [](uint8_t next, const Wire& payload) {
    return ipv6({.next = 43, .dst = "2001:db8::52"},
                segment_routing(next, 1, {"2001:db8::53", "2001:db8::52", "2001:db8::51"}, payload));
  };
  add("srv6", Link::ipv6, srv6(6, segment), columns({kIpv6Columns, kTcpColumns, kSegments}));
  add("srv6, ipv4 within", Link::ipv6, srv6(4, tcp_inner()),
      columns({kIpv6Columns, kSegments, "proto=4, tunnel_type=ipip", kInnerIpv4, kInnerTcp}));
  add("srv6, ethernet within", Link::ipv6, srv6(143, tcp_inner_frame()),
      columns({kIpv6Columns, kSegments, "proto=143, tunnel_type=etherip", kInnerMacs, kInnerIpv4, kInnerTcp}));
}

inline void add_gre(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, const Wire& bytes, std::string_view tunnel,
                       std::initializer_list<std::string_view> inner) {
    Row want = columns({kMacs, kIpv4Columns, "proto=47", tunnel});
    want.merge(columns(inner));
    cases.push_back({name, Link::ethernet, over_ipv4(47, bytes), std::move(want)});
  };
  add("gre", gre(0, 0x0800, tcp_inner()), "tunnel_type=gre", {kInnerIpv4, kInnerTcp});
  add("gre, checksum, key, sequence", gre(0xb000, 0x0800, Wire().u32(0).u32(42).u32(7).add(tcp_inner())),
      "tunnel_type=gre, tunnel_id=42", {kInnerIpv4, kInnerTcp});
  add("gre, keepalive", gre(0, 0, Wire()), "tunnel_type=gre", {});
  add("gre, bridging", gre(0, 0x6558, tcp_inner_frame()), "tunnel_type=gre", {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("nvgre", gre(0x2000, 0x6558, Wire().u32(5001 << 8 | 0x33).add(tcp_inner_frame())),
      "tunnel_type=nvgre, tunnel_id=5001", {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("nvgre, vlan", gre(0x2000, 0x6558, Wire().u32(5001 << 8).add(inner_frame(0x8100, tag(8, 0x0800, tcp_inner())))),
      "tunnel_type=nvgre, tunnel_id=5001", {kInnerMacs, kInnerIpv4, kInnerTcp, "inner_vlan_id=8"});
  add("gre, mpls", gre(0, 0x8847, label(300, true, tcp_inner())), "tunnel_type=gre, mpls_label_1=300, mpls_ttl=60",
      {kInnerIpv4, kInnerTcp});
  add("gre, ethernet over mpls", gre(0, 0x8847, label(300, true, Wire().u32(0).add(tcp_inner_frame()))),
      "tunnel_type=gre, mpls_label_1=300, mpls_ttl=60", {kInnerMacs, kInnerIpv4, kInnerTcp});
  const Wire ppp = Wire().u16(0xff03).u16(0x0021).add(tcp_inner());
  add("pptp", gre(0x3081, 0x880b, Wire().u16(ppp.size()).u16(77).u32(1).u32(2).add(ppp)),
      "tunnel_type=gre, tunnel_id=77", {kInnerIpv4, kInnerTcp});
  add("pptp, acknowledgement only", gre(0x2081, 0x880b, Wire().u16(0).u16(77).u32(2)), "tunnel_type=gre, tunnel_id=77",
      {});
  add("erspan i", gre(0, 0x88be, tcp_inner_frame()), "tunnel_type=erspan", {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("erspan ii", gre(0x1000, 0x88be, Wire().u32(9).u16(0x1064).u16(0xe123).u32(0).add(tcp_inner_frame())),
      "tunnel_type=erspan, tunnel_id=291", {kInnerMacs, kInnerIpv4, kInnerTcp});
  const auto erspan3 = [](uint16_t flags, const Wire& rest) {
    return gre(0x1000, 0x22eb, Wire().u32(9).u16(0x2064).u16(0x0123).u32(1).u16(0).u16(flags).add(rest));
  };
  add("erspan iii", erspan3(0, tcp_inner_frame()), "tunnel_type=erspan, tunnel_id=291",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("erspan iii, subheader", erspan3(1, Wire().zeros(8).add(tcp_inner_frame())), "tunnel_type=erspan, tunnel_id=291",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("erspan iii, ip", erspan3(2 << 10, tcp_inner()), "tunnel_type=erspan, tunnel_id=291", {kInnerIpv4, kInnerTcp});
  add("gre, source routing", gre(0x4000, 0x0800, Wire().u32(0).u32(0).add(tcp_inner())), "", {});
}

inline void add_ip_tunnels(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, uint8_t protocol, const Wire& bytes, std::string_view tunnel,
                       std::initializer_list<std::string_view> inner) {
    Row want = columns({kMacs, kIpv4Columns, tunnel});
    want["proto"] = std::to_string(protocol);
    want.merge(columns(inner));
    cases.push_back({name, Link::ethernet, over_ipv4(protocol, bytes), std::move(want)});
  };
  add("ipv4 in ipv4", 4, tcp_inner(), "tunnel_type=ipip", {kInnerIpv4, kInnerTcp});
  add("ipv6 in ipv4", 41, tcp_ipv6(), "tunnel_type=ipip",
      {"inner_etype=34525, inner_src_addr=2001:db8::1, inner_dst_addr=2001:db8::2, inner_tos=0, inner_ttl=64",
       kInnerTcp});
  add("tunnel in a tunnel: the first one counts", 4, inner_ipv4(4, tcp_ipv4()), "tunnel_type=ipip",
      {kInnerIpv4, "inner_proto=4"});
  add("ethernet in ip", 97, Wire().u16(0x3000).add(tcp_inner_frame()), "tunnel_type=etherip",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("l2tpv3", 115, Wire().u32(4242).add(tcp_inner_frame()), "tunnel_type=l2tp, tunnel_id=4242",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("l2tpv3, cookie of 8 bytes and sublayer", 115,
      Wire().u32(4242).u64(0x1122334455667788).u32(0x40000001).add(tcp_inner_frame()),
      "tunnel_type=l2tp, tunnel_id=4242", {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("l2tpv3, something else", 115, Wire().u32(4242).zeros(64), "tunnel_type=l2tp, tunnel_id=4242", {});
  add("l2tpv3, control", 115, Wire().u32(0).u16(0xc803).zeros(40), "", {});
}

inline void add_udp_tunnels(std::vector<Case>& cases) {
  const auto add = [&](std::string_view name, uint16_t port, const Wire& bytes, std::string_view tunnel,
                       std::initializer_list<std::string_view> inner) {
    Row want = columns({kMacs, kIpv4Columns, "proto=17, src_port=50000", tunnel});
    want["dst_port"] = std::to_string(port);
    want.merge(columns(inner));
    cases.push_back({name, Link::ethernet, over_udp(port, bytes), std::move(want)});
  };
  add("vxlan", 4789, vxlan(70000, tcp_inner_frame()), "tunnel_type=vxlan, tunnel_id=70000",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("vxlan, linux", 8472, vxlan(70000, tcp_inner_frame()), "tunnel_type=vxlan, tunnel_id=70000",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("vxlan, no instance flag", 4789, Wire().u32(0).u32(70000 << 8).add(tcp_inner_frame()), "", {});
  add("vxlan-gpe, ipv4", 4790, Wire().u32(0x0c00'0001).u32(70000 << 8).add(tcp_inner()),
      "tunnel_type=vxlan, tunnel_id=70000", {kInnerIpv4, kInnerTcp});
  add("vxlan-gpe, ethernet", 4790, Wire().u32(0x0c00'0003).u32(70000 << 8).add(tcp_inner_frame()),
      "tunnel_type=vxlan, tunnel_id=70000", {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("vxlan-gpe without a next protocol", 4790, vxlan(70000, tcp_inner_frame()), "tunnel_type=vxlan, tunnel_id=70000",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("geneve", 6081, geneve(70000, 0x6558, Wire(), tcp_inner_frame()), "tunnel_type=geneve, tunnel_id=70000",
      {kInnerMacs, kInnerIpv4, kInnerTcp});
  add("geneve, options, ipv4", 6081, geneve(70000, 0x0800, Wire::hex("0103 01 01 aabbccdd"), tcp_inner()),
      "tunnel_type=geneve, tunnel_id=70000", {kInnerIpv4, kInnerTcp});
  add("geneve, other version", 6081, Wire().u32(0x4000'6558).u32(1).add(tcp_inner_frame()), "", {});
  add("gtp-u", 2152, Wire().u16(0x30ff).u16(40).u32(0xabcdef01).add(tcp_inner()),
      "tunnel_type=gtpu, tunnel_id=2882400001", {kInnerIpv4, kInnerTcp});
  add("gtp-u, extension headers", 2152,
      Wire()
          .u16(0x34ff)
          .u16(56)
          .u32(5)
          .u16(0)
          .u8(0)
          .u8(0x85)
          .add(Wire::hex("01 0009 c0 02 00000000 0000 00"))
          .add(tcp_inner()),
      "tunnel_type=gtpu, tunnel_id=5", {kInnerIpv4, kInnerTcp});
  add("gtp-u, sequence number", 2152, Wire().u16(0x32ff).u16(44).u32(5).u16(9).u16(0).add(tcp_inner()),
      "tunnel_type=gtpu, tunnel_id=5", {kInnerIpv4, kInnerTcp});
  add("gtp-u, echo", 2152, Wire().u16(0x3201).u16(4).u32(0).u32(0), "", {});
  const Wire ppp = Wire().u16(0xff03).u16(0x0021).add(tcp_inner());
  add("l2tpv2", 1701, Wire().u16(0x0002).u16(3).u16(9).add(ppp), "tunnel_type=l2tp, tunnel_id=196617",
      {kInnerIpv4, kInnerTcp});
  add("l2tpv2, length, sequence, offset", 1701, Wire().u16(0x4a02).u16(60).u16(3).u16(9).u32(1).u16(2).u16(0).add(ppp),
      "tunnel_type=l2tp, tunnel_id=196617", {kInnerIpv4, kInnerTcp});
  add("l2tpv2, control", 1701, Wire().u16(0xc802).u16(12).u32(0).u32(0), "", {});
  add("l2tpv3 over udp", 1701, Wire().u16(3).u16(0).u32(4242).u32(0xcafe).add(tcp_inner_frame()),
      "tunnel_type=l2tp, tunnel_id=4242", {kInnerMacs, kInnerIpv4, kInnerTcp});
  constexpr std::string_view kInnerIpv6 =
      "inner_etype=34525, inner_src_addr=2001:db8::1, inner_dst_addr=2001:db8::2, inner_tos=0, inner_ttl=64";
  add("teredo", 3544, tcp_ipv6(), "tunnel_type=teredo", {kInnerIpv6, kInnerTcp});
  add("teredo, authentication and origin", 3544,
      Wire().u16(1).u8(0).u8(0).zeros(9).u16(0).u16(1).u32(2).add(tcp_ipv6()), "tunnel_type=teredo",
      {kInnerIpv6, kInnerTcp});
  add("gre in udp", 4754, gre(0x2000, 0x0800, Wire().u32(6).add(tcp_inner())), "tunnel_type=gre, tunnel_id=6",
      {kInnerIpv4, kInnerTcp});
  add("mpls in udp", 6635, label(300, false, label(301, true, tcp_inner())),
      "tunnel_type=mpls, tunnel_id=301, mpls_label_1=300, mpls_label_2=301, mpls_ttl=60", {kInnerIpv4, kInnerTcp});
}

inline std::vector<Case> cases() {
  std::vector<Case> cases;
  add_links(cases);
  add_mpls(cases);
  add_ip(cases);
  add_gre(cases);
  add_ip_tunnels(cases);
  add_udp_tunnels(cases);
  return cases;
}

}  // namespace weir::decode::packet::test
