// Elements of vendors, events, inner packets and lists that become columns.
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

// A set without padding, which short records would be read from.
Wire bare_set(uint16_t id, const Wire& body) { return Wire().u16(id).u16(4 + body.size()).add(body); }

Row row_from(const Wire& message) {
  Harness h;
  h.feed(message);
  if (h.rows().size() != 1) return {{"rows", std::to_string(h.rows().size())}};
  Row row = h.rows().front();
  for (const char* common : {"time_received", "type", "sampler_address", "observation_domain_id"}) row.erase(common);
  if (!h.anomalies().empty()) row["anomalies"] = h.anomalies();
  return row;
}

// The row of one record, without the columns that every row has; anomalies under "anomalies".
Row row_of(const std::vector<FieldOf>& fields, const Wire& record) {
  return row_from(test::ipfix({}, test::set(2, test::template_record(256, fields)).add(bare_set(256, record))));
}
Row row_of_v9(const std::vector<FieldOf>& fields, const Wire& record) {
  return row_from(
      test::netflow9({.count = 2}, test::set(0, test::template_record(256, fields)).add(bare_set(256, record))));
}

// Type * 256 + code in the destination port, as NetFlow v5 has it, where no element of its own tells it.
TEST(Icmp, InTheDestinationPort) {
  const auto icmp_of = [](const std::vector<FieldOf>& fields, const Wire& record) {
    std::string all;
    for (Row row : std::vector<Row>{row_of(fields, record), row_of_v9(fields, record)}) {
      all += fmt::format("{}/{} ", row["icmp_type"], row["icmp_code"]);
    }
    return all;
  };
  const std::vector<FieldOf> plain = {{4, 1}, {11, 2}};
  EXPECT_EQ(icmp_of(plain, Wire::hex("01 0301")), "3/1 3/1 ");
  EXPECT_EQ(icmp_of(plain, Wire::hex("3a 8100")), "129/0 129/0 ");
  EXPECT_EQ(icmp_of(plain, Wire::hex("01 0000")), "0/0 0/0 ") << "an echo reply";
  EXPECT_EQ(icmp_of(plain, Wire::hex("11 0301")), "/ / ");
  EXPECT_EQ(row_of(plain, Wire::hex("01 0301")).at("dst_port"), "769");
  EXPECT_EQ(icmp_of({{11, 2}, {4, 1}}, Wire::hex("0800 01")), "8/0 8/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {7, 2}}, Wire::hex("01 0301")), "/ / ");

  // An element of its own goes first, also where it says 0.
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {32, 2}}, Wire::hex("01 0301 0800")), "8/0 8/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {32, 2}}, Wire::hex("01 0301 0000")), "0/0 0/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {176, 1}, {177, 1}}, Wire::hex("01 1234 00 00")), "0/0 0/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {178, 1}, {179, 1}}, Wire::hex("3a 1234 00 00")), "0/0 0/0 ");
  // Zeros in an element of the other protocol are none; a value is one (Cisco has ICMPv6 in element 32, too).
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {32, 2}}, Wire::hex("3a 8100 0000")), "129/0 129/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {32, 2}}, Wire::hex("3a 0000 8700")), "135/0 135/0 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {139, 2}}, Wire::hex("01 0b01 0000")), "11/1 11/1 ");
  EXPECT_EQ(icmp_of({{4, 1}, {11, 2}, {32, 2}, {139, 2}}, Wire::hex("3a 8000 0000 0000")), "0/0 0/0 ");
}

// Of two packets in a record the port of the outer one counts.
TEST(Icmp, OfTheOuterPacket) {
  const Row row = row_of({{4, 1}, {11, 2}, {4, 1}, {11, 2}}, Wire::hex("11 0800 01 0301"));
  EXPECT_FALSE(row.contains("icmp_type"));
  EXPECT_EQ(row.at("inner_dst_port"), "769");
}

TEST(Events, CiscoAsa) {
  EXPECT_EQ(row_of_v9({{148, 4},
                       {8, 4},
                       {7, 2},
                       {225, 4},
                       {227, 2},
                       {233, 1},
                       {33002, 2},
                       {323, 8},
                       {152, 8},
                       {33000, 12},
                       {33001, 12},
                       {40000, 20},
                       {231, 4},
                       {232, 4},
                       {298, 4},
                       {299, 4}},
                      Wire::hex("00000009 c0a80e01 9a8b cb007109 0400 02 07e2 0000018bcfe56c00 0000018bcfe56800"
                                "0f8e7ff3fc1a030f00000000 000000000000000000000000")
                          .text("alice")
                          .zeros(15)
                          .u32(100)
                          .u32(2000)
                          .u32(3)
                          .u32(4)),
            (Row{{"flow_id", "9"},
                 {"src_addr", "192.168.14.1"},
                 {"src_port", "39563"},
                 {"post_nat_src_addr", "203.0.113.9"},
                 {"post_nat_src_port", "1024"},
                 {"firewall_event", "2"},
                 {"firewall_ext_event", "2018"},
                 {"time_flow_start", "2023-11-14T22:13:20.000000Z"},
                 {"time_flow_end", "2023-11-14T22:13:21.024000Z"},
                 {"ingress_acl", "0f8e7ff3-fc1a030f-00000000"},
                 {"egress_acl", "00000000-00000000-00000000"},
                 {"user_name", "alice"},
                 {"bytes", "100"},
                 {"reverse_bytes", "2000"},
                 {"packets", "3"},
                 {"reverse_packets", "4"},
                 {"etype", "2048"}}));
  EXPECT_EQ(row_of_v9({{33000, 4}}, Wire().text("inet")), (Row{{"ingress_acl", "inet"}}));
}

TEST(Events, OldAsaElementsAndPortBlocks) {
  EXPECT_EQ(row_of_v9({{40005, 1}, {40001, 4}, {40003, 2}}, Wire::hex("03 cb007109 0400")),
            (Row{{"firewall_event", "3"}, {"post_nat_src_addr", "203.0.113.9"}, {"post_nat_src_port", "1024"}}));
  EXPECT_EQ(row_of({{230, 1}, {8, 4}, {225, 4}, {361, 2}, {362, 2}, {363, 2}, {364, 2}, {229, 1}, {283, 4}, {234, 4}},
                   Wire::hex("10 0a000001 cb007109 0400 05ff 0001 0200 01 00000007 00000002")),
            (Row{{"nat_event", "16"},
                 {"src_addr", "10.0.0.1"},
                 {"post_nat_src_addr", "203.0.113.9"},
                 {"port_block_start", "1024"},
                 {"port_block_end", "1535"},
                 {"port_block_step", "1"},
                 {"port_block_size", "512"},
                 {"nat_originating_realm", "1"},
                 {"nat_pool_id", "7"},
                 {"ingress_vrf_id", "2"},
                 {"etype", "2048"}}));
}

TEST(Columns, RouteDistinguishers) {
  const auto rd = [](std::string_view hex) {
    Row row = row_of({{7, 2}, {90, 8}}, Wire().u16(1).add(Wire::hex(hex)));
    return row.contains("mpls_vpn_rd") ? row["mpls_vpn_rd"] : row["anomalies"];
  };
  EXPECT_EQ(rd("0000 fde8 00000064"), "65000:100");
  EXPECT_EQ(rd("0001 c0000201 0064"), "192.0.2.1:100");
  EXPECT_EQ(rd("0002 fffe0001 0064"), "4294836225:100");
  EXPECT_EQ(rd("0000 0000 00000000"), "") << "a VRF without one";
  EXPECT_EQ(rd("0009 0000 00000001"), "value_out_of_range");
}

TEST(Columns, Layer2Segments) {
  EXPECT_EQ(row_of({{351, 8}}, Wire::hex("01 00000000 012345")),
            (Row{{"tunnel_type", "vxlan"}, {"tunnel_id", "74565"}}));
  EXPECT_EQ(row_of({{7, 2}, {351, 8}}, Wire::hex("0001 0000000000000000")), (Row{{"src_port", "1"}}));
}

TEST(Columns, FlagsAndDscp) {
  // The flags are at the top of the byte: reserved, do not fragment, more fragments.
  EXPECT_EQ(row_of({{197, 1}}, Wire::hex("40")), (Row{{"ip_flags", "2"}}));
  EXPECT_EQ(row_of({{197, 1}}, Wire::hex("20")), (Row{{"ip_flags", "1"}}));
  EXPECT_EQ(row_of({{195, 1}}, Wire::hex("2e")), (Row{{"ip_tos", "184"}}));
  EXPECT_EQ(row_of({{5, 1}, {195, 1}}, Wire::hex("b9 2e")), (Row{{"ip_tos", "185"}})) << "all eight bits win";
}

// NetFlow v9 has four: source and destination, as the packet came in and as it went out.
TEST(Columns, MacAddressesOfBothSides) {
  EXPECT_EQ(
      row_of_v9({{56, 6}, {57, 6}, {80, 6}, {81, 6}}, Wire::hex("020000000056 020000000057 020000000080 020000000081")),
      (Row{{"src_mac", "02:00:00:00:00:56"},
           {"post_dst_mac", "02:00:00:00:00:57"},
           {"dst_mac", "02:00:00:00:00:80"},
           {"post_src_mac", "02:00:00:00:00:81"}}));
  EXPECT_EQ(row_of_v9({{57, 6}, {81, 6}}, Wire::hex("020000000057 020000000081")),
            (Row{{"post_dst_mac", "02:00:00:00:00:57"}, {"post_src_mac", "02:00:00:00:00:81"}}));
}

// What is counted behind the exporter counts where there is nothing else.
TEST(Columns, PostCounters) {
  EXPECT_EQ(row_of_v9({{23, 8}, {24, 8}}, Wire().u64(123456).u64(99)),
            (Row{{"bytes", "123456"}, {"packets", "99"}, {"post_bytes", "123456"}, {"post_packets", "99"}}));
  EXPECT_EQ(row_of({{171, 4}, {172, 4}}, Wire().u32(5000).u32(4)),
            (Row{{"bytes", "5000"}, {"packets", "4"}, {"post_bytes", "5000"}, {"post_packets", "4"}}));
  const auto counters = [](uint32_t in_bytes, uint32_t in_packets, uint32_t out_bytes, uint32_t out_packets) {
    const Row row = row_of_v9({{23, 4}, {24, 4}, {1, 4}, {2, 4}},
                              Wire().u32(out_bytes).u32(out_packets).u32(in_bytes).u32(in_packets));
    return row.at("bytes") + "/" + row.at("packets") + " " + row.at("post_bytes") + "/" + row.at("post_packets");
  };
  EXPECT_EQ(counters(1500, 10, 0, 0), "1500/10 0/0");
  EXPECT_EQ(counters(1500, 10, 1400, 9), "1500/10 1400/9");
  EXPECT_EQ(counters(0, 0, 1400, 9), "1400/9 1400/9");
}

TEST(Columns, ExporterThatTheRecordNames) {
  EXPECT_EQ(row_of({{130, 4}, {7, 2}}, Wire::hex("c000026f 0050")),
            (Row{{"exporter_address", "192.0.2.111"}, {"src_port", "80"}}));
  EXPECT_EQ(row_of({{130, 4}, {131, 16}}, Wire::hex("00000000 20010db8000000000000000000000009")),
            (Row{{"exporter_address", "2001:db8::9"}}));
  EXPECT_EQ(row_of({{130, 4}, {7, 2}}, Wire::hex("00000000 0050")), (Row{{"src_port", "80"}}));
  // Behind a mediator, the one that observed it.
  EXPECT_EQ(row_of({{130, 4}, {403, 4}}, Wire::hex("c0000201 c0000202")), (Row{{"exporter_address", "192.0.2.2"}}));
}

// Open vSwitch.
TEST(Columns, TunnelsOfTheDevice) {
  const std::vector<FieldOf> fields = {{893, 4, 6876}, {894, 4, 6876}, {895, 1, 6876},    {896, 2, 6876},
                                       {897, 2, 6876}, {891, 1, 6876}, {892, 65535, 6876}};
  EXPECT_EQ(row_of(fields, Wire::hex("c0000201 c0000202 11 8001 12b5 01 03 001389")),
            (Row{{"tunnel_src_addr", "192.0.2.1"},
                 {"tunnel_dst_addr", "192.0.2.2"},
                 {"tunnel_type", "vxlan"},
                 {"tunnel_id", "5001"}}));
  EXPECT_EQ(row_of(fields, Wire::hex("c0000201 c0000202 2f 0000 0000 02 04 0000002a")),
            (Row{{"tunnel_src_addr", "192.0.2.1"},
                 {"tunnel_dst_addr", "192.0.2.2"},
                 {"tunnel_type", "gre"},
                 {"tunnel_id", "42"}}));
}

TEST(Columns, CountersOfProcera) {
  EXPECT_EQ(
      row_of({{3, 8, 15397}, {4, 8, 15397}, {5, 8, 15397}, {6, 8, 15397}}, Wire().u64(7076).u64(3310).u64(40).u64(30)),
      (Row{{"bytes", "7076"}, {"reverse_bytes", "3310"}, {"packets", "40"}, {"reverse_packets", "30"}}));
}

// Several properties of a packet have the same element: the one of forwarding counts, wherever it stands.
TEST(Columns, ForwardingStatusOfJuniper) {
  const auto status = [](const std::vector<FieldOf>& fields, std::string_view hex) {
    Row row = row_of(fields, Wire::hex(hex));
    return row["forwarding_status"];
  };
  EXPECT_EQ(status({{7, 2}, {137, 2, 2636}}, "0001 0800"), "64");
  EXPECT_EQ(status({{7, 2}, {137, 2, 2636}}, "0001 0842"), "128");
  EXPECT_EQ(status({{7, 2}, {137, 2, 2636}}, "0001 0405"), "");
  EXPECT_EQ(status({{137, 2, 2636}, {137, 2, 2636}, {137, 2, 2636}}, "0405 0842 1001"), "128");
  EXPECT_EQ(status({{137, 2, 2636}, {89, 1}}, "0842 40"), "64") << "the element for it goes first";
}

TEST(Columns, InnerPacketsOfVmware) {
  EXPECT_EQ(row_of({{8, 4}, {6876, 2}, {880, 1, 6876}, {881, 4, 6876}, {882, 4, 6876}, {886, 2, 6876}, {887, 2, 6876}},
                   Wire::hex("c0000201 0000 06 0a000001 0a000002 0050 0051")),
            (Row{{"src_addr", "192.0.2.1"},
                 {"etype", "2048"},
                 {"inner_proto", "6"},
                 {"inner_src_addr", "10.0.0.1"},
                 {"inner_dst_addr", "10.0.0.2"},
                 {"inner_src_port", "80"},
                 {"inner_dst_port", "81"}}));
}

// Cisco IOS XR, SRv6: IPv4 inside, then IPv6 inside (templates 340 and 341 of a router's capture).
TEST(Columns, RepeatedElementsAreOfTheInnerPacket) {
  const Wire outer = Wire::hex("20010db8000000000000000000000001 20010db8000000000000000000000002 0000 0000");
  EXPECT_EQ(row_of({{27, 16}, {28, 16}, {7, 2}, {11, 2}, {4, 1}, {8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}},
                   Wire(outer).add(Wire::hex("04 0a000001 0a000002 0457 08ae 11"))),
            (Row{{"src_addr", "2001:db8::1"},
                 {"dst_addr", "2001:db8::2"},
                 {"src_port", "0"},
                 {"dst_port", "0"},
                 {"proto", "4"},
                 {"etype", "34525"},
                 {"inner_src_addr", "10.0.0.1"},
                 {"inner_dst_addr", "10.0.0.2"},
                 {"inner_src_port", "1111"},
                 {"inner_dst_port", "2222"},
                 {"inner_proto", "17"},
                 {"inner_etype", "2048"}}));
  const Row row = row_of({{27, 16}, {28, 16}, {7, 2}, {11, 2}, {4, 1}, {31, 4}, {27, 16}, {28, 16}, {4, 1}, {31, 4}},
                         Wire(outer).add(Wire::hex("29 00000000 20010db800000000000000000000000a"
                                                   "20010db800000000000000000000000b 3a 00000007")));
  EXPECT_EQ(row.at("src_addr"), "2001:db8::1");
  EXPECT_EQ(row.at("inner_src_addr"), "2001:db8::a");
  EXPECT_EQ(row.at("inner_dst_addr"), "2001:db8::b");
  EXPECT_EQ(row.at("inner_proto"), "58");
  EXPECT_EQ(row.at("inner_etype"), "34525");
  EXPECT_EQ(row.at("ipv6_flow_label"), "0") << "not the inner one";
}

TEST(Columns, BothFamiliesOfOnePacketAreNotInner) {
  const std::vector<FieldOf> fields = {{27, 16}, {28, 16}, {8, 4}, {12, 4}, {4, 1}};
  EXPECT_EQ(row_of(fields, Wire().zeros(32).add(Wire::hex("0a000001 0a000002 06"))),
            (Row{{"src_addr", "10.0.0.1"}, {"dst_addr", "10.0.0.2"}, {"proto", "6"}, {"etype", "2048"}}));
}

TEST(Columns, SegmentsOfSrv6) {
  const Wire a = Wire::hex("20010db8000000000000000000000001");
  const Wire b = Wire::hex("20010db8000000000000000000000002");
  const std::string want = "2001:db8::1 2001:db8::2";
  const auto segments = [](const std::vector<FieldOf>& fields, const Wire& record) {
    Row row = row_of(fields, record);
    return row.contains("srv6_segments") ? row["srv6_segments"] : row["anomalies"];
  };
  EXPECT_EQ(segments({{497, 32}}, Wire().add(a).add(b)), want);
  EXPECT_EQ(segments({{497, 65535}}, Wire().u8(17).add(a).u8(0)), "bad_field_length");
  EXPECT_EQ(segments({{494, 16}, {494, 16}}, Wire().add(a).add(b)), want);
  EXPECT_EQ(segments({{496, 65535}}, Wire().u8(37).u8(4).u16(494).u16(16).add(a).add(b)), want);
  EXPECT_EQ(segments({{496, 65535}}, Wire().u8(21).u8(4).u16(494).u16(8).add(a)), "bad_list");
  const Wire header = Wire::hex("29 04 04 01 01 00 0000").add(a).add(b);
  EXPECT_EQ(segments({{499, 40}}, header), want);
  EXPECT_EQ(segments({{499, 40}}, Wire::hex("29 04 04 01 02 00 0000").add(a).add(b)), "bad_list") << "three, it says";
  EXPECT_EQ(segments({{499, 40}}, Wire::hex("29 04 00 01 01 00 0000").add(a).add(b)), "bad_list")
      << "another routing type";
}

TEST(Columns, BgpCommunities) {
  const auto communities = [](const std::vector<FieldOf>& fields, const Wire& record) {
    Row row = row_of(fields, record);
    return row.contains("bgp_communities") ? row["bgp_communities"] : row["anomalies"];
  };
  const auto list = [](uint16_t element, uint16_t bytes, const Wire& values) {
    return Wire().u8(5 + values.size()).u8(3).u16(element).u16(bytes).add(values);
  };
  EXPECT_EQ(communities({{485, 65535}}, list(483, 4, Wire::hex("fde80001 fde80002"))), "65000:1 65000:2");
  EXPECT_EQ(
      communities({{485, 65535}, {491, 65535}},
                  list(483, 4, Wire::hex("fde80001")).add(list(489, 12, Wire::hex("00010000 00000001 00000002")))),
      "65000:1 65536:1:2");
  EXPECT_EQ(communities({{488, 65535}}, list(486, 8, Wire::hex("0002fde800000007 0103c00002010008 4302000000000001"))),
            "rt:65000:7 soo:192.0.2.1:8 0x4302000000000001");
  EXPECT_EQ(communities({{483, 4}, {483, 4}}, Wire::hex("fde80001 fde80002")), "65000:1 65000:2");
  EXPECT_EQ(communities({{485, 65535}}, list(483, 3, Wire::hex("fde800"))), "bad_list")
      << "no community has three bytes";
  EXPECT_EQ(communities({{7, 2}, {485, 65535}}, Wire().u16(1).u8(0)), "");
}

TEST(Columns, ListsThatBecomeTextAreCut) {
  Wire values;
  for (uint32_t i = 0; i < 1200; ++i) values.u32(i);
  Row row = row_of({{485, 65535}}, Wire().u8(255).u16(5 + values.size()).u8(3).u16(483).u16(4).add(values));
  EXPECT_EQ(row["anomalies"], "list_limit");
  EXPECT_EQ(row["bgp_communities"].substr(0, 11), "0:0 0:1 0:2");
  EXPECT_LT(row["bgp_communities"].size(), 8000u);
}

// Fields that add up to one text are put together before they are kept: what is sent costs its own length, not that of
// all before it, too.
TEST(Columns, ManyFieldsOfOneTextCostItsLength) {
  constexpr size_t kFields = 86;
  const std::vector<FieldOf> fields(kFields, FieldOf{483, 4});
  Wire records;
  for (size_t record = 0; record < 4; ++record) {
    for (size_t i = 0; i < kFields; ++i) records.u16(65000 + record).u16(60000 + i);
  }
  size_t text_bytes = 0;
  std::string anomalies;
  std::vector<Row> rows;
  {
    Harness h;
    h.feed(test::ipfix({}, test::set(2, test::template_record(256, fields)).add(bare_set(256, records))));
    rows = h.rows();
    text_bytes = h.text_bytes();
    anomalies = h.anomalies();
  }
  ASSERT_EQ(rows.size(), 4u);
  for (const Row& row : rows) EXPECT_EQ(row.at("bgp_communities").size(), kFields * 12 - 1);
  EXPECT_EQ(rows[3].at("bgp_communities").substr(0, 23), "65003:60000 65003:60001");
  EXPECT_EQ(text_bytes, 4 * (kFields * 12 - 1));
  EXPECT_EQ(anomalies, "");
}

TEST(Columns, FieldsThatAddUpToTooMuchAreCut) {
  const std::vector<FieldOf> fields(200, FieldOf{483, 4});
  Wire record;
  for (size_t i = 0; i < 200; ++i) record.u16(65000).u16(60000 + i);
  Row row = row_of(fields, record);
  EXPECT_EQ(row["anomalies"], "list_limit");
  EXPECT_GT(row["bgp_communities"].size(), kAppendedBytes);
  EXPECT_LT(row["bgp_communities"].size(), kAppendedBytes + 20);
}

TEST(Columns, LongTextsAreCut) {
  Row row = row_of({{371, 65535}}, Wire().u8(255).u16(60'000).add(Wire().zeros(59'999)).u8(1));
  EXPECT_EQ(row["anomalies"], "list_limit");
  EXPECT_EQ(row["user_name"].size(), Limits{}.text_length);
  EXPECT_EQ(row["user_name"].substr(0, 8), "\\x00\\x00");
}

TEST(Columns, ApplicationsAndHttpOfVendors) {
  EXPECT_EQ(row_of({{118, 2, 35632}, {119, 8, 35632}, {180, 4, 35632}, {187, 4, 35632}, {181, 2, 35632}},
                   Wire().u16(37).text("HTTP").zeros(4).text("/x?y").text("host").u16(404)),
            (Row{{"application_id", "ndpi:37"},
                 {"application_name", "HTTP"},
                 {"url", "/x?y"},
                 {"http_host", "host"},
                 {"http_status", "404"}}));
  EXPECT_EQ(row_of({{33, 2, 6871}}, Wire().u16(53)), (Row{{"application_id", "yaf:53"}}));
  EXPECT_EQ(row_of({{33, 2, 6871}}, Wire().u16(0)), Row{}) << "not recognised";
  EXPECT_EQ(row_of({{130, 4, 5951}, {141, 4, 5951}, {142, 4, 5951}},
                   Wire().text("/a/b").text("GET").u8(0).text("h").zeros(3)),
            (Row{{"url", "/a/b"}, {"http_method", "GET"}, {"http_host", "h"}}));
  EXPECT_EQ(row_of_v9({{56701, 8}, {56702, 8}}, Wire().text("kerberos").text("unknown").u8(0)),
            (Row{{"application_name", "kerberos"}, {"user_name", "unknown"}}));
}

}  // namespace
}  // namespace weir::decode
