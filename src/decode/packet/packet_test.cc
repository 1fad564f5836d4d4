// Sampled headers: what is read of every protocol, of every prefix of it, and of packets made to harm.
#include "decode/packet/packet.h"

#include <gtest/gtest.h>

#include "decode/packet/test_packet_cases.h"
#include "decode/test_decode.h"

namespace weir::decode::packet {
namespace {

using decode::test::Row;
using decode::test::Wire;
using namespace test;

Row row_of(const Packet& packet) {
  flow::FlowBatch batch(64);
  batch.append(1, decode::test::kExporter);
  put_columns(packet, batch, 0);
  return decode::test::rows_of(batch).at(0);
}

Row row_of(ByteView bytes, Link link) {
  // A copy of exactly this size, so that a sanitizer sees a read beyond it.
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  Packet packet;
  dissect(exact, link, packet);
  return row_of(packet);
}

std::string text(const Row& row) {
  std::string text;
  for (const auto& [column, value] : row) text += fmt::format("{}={}\n", column, value);
  return text;
}

TEST(Packet, EveryProtocolGivesItsColumns) {
  for (const Case& c : cases()) EXPECT_EQ(text(row_of(c.bytes, c.link)), text(c.want)) << c.name;
}

TEST(Packet, NothingOfThePacketBeforeIsLeft) {
  Packet packet;
  std::vector<Case> all = cases();
  for (const Case& c : cases()) all.insert(all.begin(), c);  // each before and behind different ones
  for (const Case& c : all) {
    dissect(c.bytes, c.link, packet);
    EXPECT_EQ(text(row_of(packet)), text(c.want)) << c.name;
  }
}

// True if more bytes may turn the value of a column into the other one: what is known of the packet gets finer.
bool may_become(const std::string& column, const std::string& before, const std::string& after) {
  const bool unknown_payload = before == "34887" || before == "34888" || before == "34916";  // MPLS, PPPoE
  if (column == "etype" || column == "inner_etype") return unknown_payload;
  if (column == "srv6_segments") return after.starts_with(before);
  return column == "tunnel_type" && before == "pppoe";
}

TEST(Packet, CutAnywhereAPacketGivesNothingThatMoreBytesContradict) {
  for (const Case& c : cases()) {
    Row before;
    for (size_t length = 0; length <= c.bytes.size(); ++length) {
      const Row row = row_of(ByteView(c.bytes).first(length), c.link);
      for (const auto& [column, value] : before) {
        const auto now = row.find(column);
        if (now == row.end()) {
          EXPECT_TRUE(column == "tunnel_id" && before["tunnel_type"] == "pppoe") << c.name << " lost " << column;
        } else if (now->second != value) {
          EXPECT_TRUE(may_become(column, value, now->second))
              << c.name << " at " << length << ": " << column << " " << value << " became " << now->second;
        }
      }
      before = row;
    }
  }
}

TEST(Packet, ColumnsThatHaveAValueKeepIt) {
  Packet packet;
  dissect(over_udp(4789, vxlan(70000, tcp_inner_frame())), Link::ethernet, packet);
  flow::FlowBatch batch(64);
  batch.append(2, decode::test::kExporter);
  using flow::Column;
  batch.values<Column::src_addr>()[1] = IpAddress{};
  batch.set_valid(Column::src_addr, 1, 1);
  batch.values<Column::tunnel_type>()[1] = batch.add_text("mine");
  batch.set_valid(Column::tunnel_type, 1, 1);
  batch.values<Column::tunnel_id>()[1] = 0;
  batch.set_valid(Column::tunnel_id, 1, 1);
  put_columns(packet, batch, 1);
  const std::vector<Row> rows = decode::test::rows_of(batch);
  EXPECT_TRUE(rows[0].empty()) << text(rows[0]);
  Row want = row_of(packet);
  want["src_addr"] = "::";
  want["tunnel_type"] = "mine";
  want["tunnel_id"] = "0";
  EXPECT_EQ(text(rows[1]), text(want));
}

// A frame has the tags of the side of the device where it was taken.
TEST(Packet, TagsGoToTheSideThatWasSampled) {
  Packet packet;
  dissect(frame(0x88a8, tag(100, 0x8100, tag(200, 0x0800, tcp_ipv4()), 5)), Link::ethernet, packet);
  const auto tags_of = [&packet](std::optional<uint8_t> direction) {
    flow::FlowBatch batch(64);
    batch.append(1, decode::test::kExporter);
    using flow::Column;
    if (direction) {
      batch.values<Column::flow_direction>()[0] = *direction;
      batch.set_valid(Column::flow_direction, 0, 1);
    }
    put_columns(packet, batch, 0);
    std::string tags;
    const Row row = decode::test::rows_of(batch).at(0);
    for (const auto& [column, value] : row) {
      if (column.contains("vlan")) tags += fmt::format("{}={} ", column, value);
    }
    return tags;
  };
  const std::string input = "customer_vlan_id=200 src_vlan=100 vlan_id=100 vlan_priority=5 ";
  EXPECT_EQ(tags_of({}), input);
  EXPECT_EQ(tags_of(0), input);
  EXPECT_EQ(tags_of(1), "dst_customer_vlan_id=200 dst_vlan=100 dst_vlan_priority=5 vlan_id=100 ");
}

TEST(Packet, EveryTunnelHasAName) {
  std::vector<std::string_view> names;
  for (int type = 0; type <= static_cast<int>(TunnelType::teredo); ++type) {
    const std::string_view own = name(static_cast<TunnelType>(type));
    EXPECT_EQ(std::ranges::count(names, own), 0) << own;
    names.push_back(own);
  }
}

TEST(Packet, LengthOfTheIpPacketIsWhatItsHeaderSays) {
  Packet packet;
  dissect(tcp_ipv4(), Link::ip, packet);
  EXPECT_EQ(packet.outer.ip_length, 40);
  dissect(tcp_ipv6(), Link::ip, packet);
  EXPECT_EQ(packet.outer.ip_length, 60);
}

// Packets made to harm, or damaged.
void expect_row(std::string_view name, Link link, const Wire& bytes, const Row& want) {
  EXPECT_EQ(text(row_of(bytes, link)), text(want)) << name;
}

// The packet with the 16 bits at `offset` replaced.
Wire with_u16(const Wire& packet, size_t offset, uint16_t value) {
  Wire changed;
  for (size_t i = 0; i < packet.size(); ++i) {
    if (i == offset)
      changed.u16(value);
    else if (i != offset + 1)
      changed.u8(packet.bytes()[i]);
  }
  return changed;
}

TEST(HostilePacket, Ipv4HeaderLengthBelowFiveIsRefused) {
  for (uint16_t length = 0; length < 5; ++length) {
    expect_row("ihl", Link::ipv4, with_u16(tcp_ipv4(), 0, static_cast<uint16_t>(0x4000 | length << 8)), {});
  }
}

TEST(HostilePacket, Ipv4OptionsBeyondTheBytesEndTheWalk) {
  expect_row("ihl 15", Link::ipv4, with_u16(tcp_ipv4(), 0, 0x4f00), columns({kIpv4Columns}));
}

TEST(HostilePacket, OtherVersionThanTheEtherTypeSays) {
  expect_row("4", Link::ethernet, frame(0x0800, tcp_ipv6()), columns({kMacs, "etype=2048"}));
  expect_row("6", Link::ethernet, frame(0x86dd, tcp_ipv4()), columns({kMacs, "etype=34525"}));
  expect_row("ip", Link::ip, Wire().zeros(60), {});
}

TEST(HostilePacket, TotalLengthLies) {
  const auto with_length = [](uint16_t length) { return with_u16(tcp_ipv4(), 2, length); };
  expect_row("below its header", Link::ipv4, with_length(19), columns({kIpv4Columns}));
  expect_row("no payload", Link::ipv4, with_length(20), columns({kIpv4Columns}));
  expect_row("three bytes", Link::ipv4, with_length(23), columns({kIpv4Columns}));
  expect_row("ports only", Link::ipv4, with_length(24), columns({kIpv4Columns, "src_port=49152, dst_port=443"}));
  expect_row("not given", Link::ipv4, with_length(0), columns({kIpv4Columns, kTcpColumns}));
  expect_row("beyond", Link::ipv4, with_length(0xffff), columns({kIpv4Columns, kTcpColumns}));
  expect_row("ipv6, none", Link::ipv6, with_u16(tcp_ipv6(), 4, 3), columns({kIpv6Columns}));
  expect_row("ipv6, not given", Link::ipv6, with_u16(tcp_ipv6(), 4, 0), columns({kIpv6Columns, kTcpColumns}));
  expect_row("ipv6, beyond", Link::ipv6, with_u16(tcp_ipv6(), 4, 0xffff), columns({kIpv6Columns, kTcpColumns}));
}

TEST(HostilePacket, Ipv4OptionsOfLengthZeroAreNotWalked) {
  const Wire options = Wire::hex("83000000 00000000 ff00ff00");
  expect_row("options", Link::ipv4, ipv4({.options = options}, tcp_segment()), columns({kIpv4Columns, kTcpColumns}));
  const Wire hop_by_hop = Wire::hex("0600 0500 0000 0000");
  expect_row("ipv6", Link::ipv6, ipv6({.next = 0}, Wire().add(hop_by_hop).add(tcp_segment())),
             columns({kIpv6Columns, kTcpColumns}));
}

TEST(HostilePacket, TagsWithoutEnd) {
  Wire tags;
  for (uint16_t vlan = 1; vlan < 1000; ++vlan) tags.u16(vlan).u16(0x8100);
  expect_row("tags", Link::ethernet, frame(0x8100, tags),
             columns({kMacs, "vlan_id=1, src_vlan=1, vlan_priority=0, customer_vlan_id=2"}));
  Wire many = tag(8, 0x0800, tcp_ipv4());
  for (uint16_t vlan = 7; vlan >= 1; --vlan) many = tag(vlan, 0x8100, many);
  const Row eight =
      columns({kMacs, kIpv4Columns, kTcpColumns, "vlan_id=1, src_vlan=1, vlan_priority=0, customer_vlan_id=2"});
  expect_row("as many as the limit", Link::ethernet, frame(0x8100, many), eight);
  expect_row("one more", Link::ethernet, frame(0x8100, tag(0, 0x8100, many)),
             columns({kMacs, "vlan_id=0, src_vlan=0, vlan_priority=0, customer_vlan_id=1"}));
}

TEST(HostilePacket, LengthInPlaceOfATypeEndsTheFrame) {
  const Wire snap = Wire::hex("aaaa03 000000 0800").add(tcp_ipv4());
  expect_row("behind a tag, short", Link::ethernet, frame(0x8100, tag(1, 7, snap)),
             columns({kMacs, "vlan_id=1, src_vlan=1, vlan_priority=0"}));
  expect_row("zero", Link::ethernet, frame(0, snap), columns({kMacs}));
  expect_row("beyond", Link::ethernet, frame(0x05ff, snap), columns({kMacs, kIpv4Columns, kTcpColumns}));
  expect_row("neither length nor type", Link::ethernet, frame(0x0600, snap), columns({kMacs, "etype=1536"}));
}

TEST(HostilePacket, LabelsWithoutBottom) {
  Wire labels;
  for (uint32_t i = 1; i < 5000; ++i) labels.u32(i << 12 | 60);
  const Row ten = columns({kMacs,
                           "etype=34887, mpls_ttl=60, mpls_label_1=1, mpls_label_2=2, mpls_label_3=3, mpls_label_4=4, "
                           "mpls_label_5=5, mpls_label_6=6, mpls_label_7=7, mpls_label_8=8, mpls_label_9=9, "
                           "mpls_label_10=10"});
  expect_row("labels", Link::ethernet, frame(0x8847, labels), ten);
  Wire deep = label(33, true, tcp_ipv4());
  for (uint32_t i = 32; i >= 1; --i) deep = label(i, false, deep);
  expect_row("one more than the limit", Link::ethernet, frame(0x8847, deep), ten);
}

TEST(HostilePacket, ExtensionHeadersWithoutEnd) {
  Wire chain = tcp_segment();
  uint8_t next = 6;
  for (size_t i = 0; i < kMaxExtensionHeaders; ++i) {
    chain = extension(next, chain);
    next = 60;
  }
  expect_row("as many as the limit", Link::ipv6, ipv6({.next = 60}, chain), columns({kIpv6Columns, kTcpColumns}));
  Row unknown = columns({kIpv6Columns});
  unknown.erase("proto");
  expect_row("one more", Link::ipv6, ipv6({.next = 60}, extension(60, chain)), unknown);
  Wire endless;
  for (size_t i = 0; i < 1000; ++i) endless.u8(60).u8(0).zeros(6);
  expect_row("endless", Link::ipv6, ipv6({.next = 60}, endless), unknown);
  expect_row("longer than the packet", Link::ipv6, ipv6({.next = 0}, Wire().u8(6).u8(255).zeros(40)), unknown);
  expect_row("authentication longer than the packet", Link::ipv6, ipv6({.next = 51}, Wire().u8(6).u8(255).zeros(40)),
             unknown);
  Wire fragments;
  for (size_t i = 0; i < 1000; ++i) fragments.u8(44).u8(0).u16(0).u32(i);
  Row last = unknown;
  last.merge(columns({"fragment_id=7, fragment_offset=0, ip_flags=0"}));
  expect_row("fragments of fragments", Link::ipv6, ipv6({.next = 44}, fragments), last);
}

TEST(HostilePacket, SegmentsThatAreNotThere) {
  const auto routing = [](std::string_view header) {
    return ipv6({.next = 43}, Wire().add(Wire::hex(header)).add(address("2001:db8::51")).add(tcp_segment()));
  };
  constexpr std::string_view kActive = "srv6_active_segment=2001:db8::2";
  expect_row("last entry 255", Link::ipv6, routing("06 02 04 ff ff 000000"),
             columns({kIpv6Columns, kTcpColumns, kActive, "srv6_segments=2001:db8::51, srv6_segments_left=255"}));
  Row unknown = columns({kIpv6Columns, kActive, "srv6_segments_left=0, proto=6, src_port=8193, dst_port=3512"});
  unknown["tcp_flags"] = "0";
  // No segment within its length: what follows is the transport, however little sense it makes.
  expect_row("length 0", Link::ipv6, routing("06 00 04 00 00 000000"), unknown);
  expect_row("another routing type", Link::ipv6, routing("06 02 00 00 00 000000"),
             columns({kIpv6Columns, kTcpColumns}));
  Wire many = Wire::hex("06 28 04 00 13 000000");  // 20
  std::string first;
  for (int i = 0; i < 20; ++i) {
    many.add(address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
    if (i < 16) first += "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff ";
  }
  first.pop_back();
  Row want = columns({kIpv6Columns, kTcpColumns, kActive, "srv6_segments_left=0"});
  want["srv6_segments"] = first;
  expect_row("more than are kept", Link::ipv6, ipv6({.next = 43}, Wire().add(many).add(tcp_segment())), want);
}

TEST(HostilePacket, GreFlagsWithoutTheirFields) {
  const Row entered = columns({kIpv4Columns, "proto=47, tunnel_type=gre"});
  for (const uint16_t flags : std::array<uint16_t, 4>{0x8000, 0x2000, 0x1000, 0xb000}) {
    expect_row("nothing follows", Link::ipv4, ipv4({.protocol = 47}, gre(flags, 0x0800, Wire().zeros(3))), entered);
  }
  const Row refused = columns({kIpv4Columns, "proto=47"});
  for (uint16_t version = 1; version < 8; ++version) {
    expect_row("other version", Link::ipv4, ipv4({.protocol = 47}, gre(version, 0x0800, tcp_inner())), refused);
  }
  expect_row("pptp without a key", Link::ipv4, ipv4({.protocol = 47}, gre(0x1001, 0x880b, Wire().zeros(20))), refused);
}

TEST(HostilePacket, TunnelHeadersThatLie) {
  const auto row = [](std::string_view tunnel) {
    return columns({kMacs, kIpv4Columns, "proto=17, src_port=50000", tunnel});
  };
  expect_row("geneve, options beyond the end", Link::ethernet,
             over_udp(6081, Wire().u32(0x3f00'0800).u32(5 << 8).add(tcp_inner())),
             row("dst_port=6081, tunnel_type=geneve, tunnel_id=5"));
  expect_row("gtp-u, extension of no bytes", Link::ethernet,
             over_udp(2152, Wire().u16(0x34ff).u16(8).u32(5).u16(0).u8(0).u8(0x85).zeros(60)),
             row("dst_port=2152, tunnel_type=gtpu, tunnel_id=5"));
  expect_row("gtp-u, extensions without end", Link::ethernet,
             over_udp(2152, Wire().u16(0x34ff).u16(8).u32(5).u16(0).u8(0).u8(0x85).add(Wire::hex("01000085 01000085"))),
             row("dst_port=2152, tunnel_type=gtpu, tunnel_id=5"));
  expect_row("l2tp, offset beyond the end", Link::ethernet,
             over_udp(1701, Wire().u16(0x0202).u16(3).u16(9).u16(0xffff).zeros(60)),
             row("dst_port=1701, tunnel_type=l2tp, tunnel_id=196617"));
  expect_row("teredo, lengths beyond the end", Link::ethernet, over_udp(3544, Wire::hex("0001 ffff").zeros(60)),
             row("dst_port=3544"));
  expect_row("erspan ii that is another version", Link::ethernet,
             over_ipv4(47, gre(0x1000, 0x88be, Wire().u32(9).u16(0x2064).u16(1).u32(0).add(tcp_inner_frame()))),
             columns({kMacs, kIpv4Columns, "proto=47, tunnel_type=erspan"}));
  expect_row("pppoe of no bytes", Link::pppoe, with_u16(pppoe(7, 0x0021, tcp_ipv4()), 4, 0),
             columns({"tunnel_type=pppoe, tunnel_id=7"}));
}

TEST(HostilePacket, UdpLengthLies) {
  const auto lie = [](uint16_t length) {
    return ipv4({.protocol = 17}, with_u16(udp(50000, 4789, vxlan(5, tcp_inner_frame())), 4, length));
  };
  const Row ports = columns({kIpv4Columns, "proto=17, src_port=50000, dst_port=4789"});
  expect_row("below its header", Link::ipv4, lie(7), ports);
  expect_row("empty", Link::ipv4, lie(8), ports);
  const Row whole = columns({kIpv4Columns, "proto=17, src_port=50000, dst_port=4789, tunnel_type=vxlan, tunnel_id=5",
                             kInnerMacs, kInnerIpv4, kInnerTcp});
  expect_row("not given", Link::ipv4, lie(0), whole);
  expect_row("beyond", Link::ipv4, lie(0xffff), whole);
}

TEST(HostilePacket, TunnelsWithoutEnd) {
  Wire packet = tcp_ipv4();
  for (int i = 0; i < 500; ++i) packet = ipv4({.protocol = 4}, packet);
  expect_row("ip in ip", Link::ipv4, packet,
             columns({kIpv4Columns,
                      "proto=4, tunnel_type=ipip, inner_etype=2048, inner_src_addr=192.0.2.1, "
                      "inner_dst_addr=198.51.100.2, inner_proto=4, inner_tos=0, inner_ttl=64"}));
  Wire wires = tcp_ipv4();
  for (int i = 0; i < 500; ++i) wires = frame(0x8847, label(16, true, Wire().u32(0).add(wires)));
  expect_row("ethernet over mpls over ethernet", Link::ethernet, wires,
             columns({kMacs,
                      "etype=34887, mpls_label_1=16, mpls_ttl=60, tunnel_type=mpls, tunnel_id=16, inner_etype=34887, "
                      "inner_src_mac=02:00:5e:00:53:01, inner_dst_mac=02:00:5e:00:53:02"}));
}

}  // namespace
}  // namespace weir::decode::packet
