// Records of a flow sample beyond the sampled packet.
#include "decode/sflow/sflow_decoder.h"

#include <gtest/gtest.h>

#include "decode/sflow/test_sflow_rows.h"

namespace weir::decode {
namespace {

using namespace test;

TEST(Sflow, SwitchAndRouter) {
  expect_fields({sflow_block(1001, sflow_words({10, 3, 20, kHuge})),
                 sflow_block(1002, sflow_address(IpAddress::from_v4(0x0a000009)).add(sflow_words({24, 16})))},
                {{"src_vlan", "10"},
                 {"vlan_id", "10"},
                 {"vlan_priority", "3"},
                 {"dst_vlan", "20"},
                 {"next_hop", "10.0.0.9"},
                 {"src_net", "24"},
                 {"dst_net", "16"}});
  // The tag of the frame is the VLAN of the flow, whichever record comes first.
  const Wire tagged = raw_header(1, 100, tcp_frame(809));
  const Wire extended = sflow_block(1001, sflow_words({10, 0, 20, 0}));
  EXPECT_EQ(row_of({tagged, extended}).at("vlan_id"), "809");
  EXPECT_EQ(row_of({extended, tagged}).at("vlan_id"), "809");
  EXPECT_EQ(row_of({extended, tagged}).at("src_vlan"), "10");
  EXPECT_EQ(row_of({tagged, extended}).at("src_vlan"), "10");
  // A next hop that the agent does not know.
  EXPECT_FALSE(row_of({sflow_block(1002, sflow_words({0, 24, 16}))}).contains("next_hop"));
  // Beyond their columns.
  expect_fields({}, {});
  EXPECT_FALSE(row_of({sflow_block(1001, sflow_words({70000, 0, 0, 0}))}, "value_out_of_range").contains("src_vlan"));
}

// The tag of a frame is that of the side where it was taken; what the device says of its ports goes before it.
TEST(Sflow, TagsOfAFrameThatWentOut) {
  const auto of = [](uint32_t source, const std::vector<Wire>& records) {
    Harness harness;
    harness.feed(sflow_datagram({}, {flow_sample({.source_index = source, .input = 7, .output = 8}, records)}));
    return only_row(harness);
  };
  const Wire tagged = raw_header(1, 100, tcp_frame(0xa064));
  const Row in = of(7, {tagged});
  EXPECT_EQ(in.at("src_vlan"), "100");
  EXPECT_EQ(in.at("vlan_priority"), "5");
  EXPECT_FALSE(in.contains("dst_vlan"));
  const Row out = of(8, {tagged});
  EXPECT_EQ(out.at("dst_vlan"), "100");
  EXPECT_EQ(out.at("dst_vlan_priority"), "5");
  EXPECT_EQ(out.at("vlan_id"), "100");
  EXPECT_FALSE(out.contains("src_vlan"));
  EXPECT_FALSE(out.contains("vlan_priority"));

  const Wire extended = sflow_block(1001, sflow_words({10, 1, 20, kHuge}));
  for (const Row& both : std::vector<Row>{of(8, {tagged, extended}), of(8, {extended, tagged})}) {
    EXPECT_EQ(both.at("src_vlan"), "10");
    EXPECT_EQ(both.at("dst_vlan"), "20");
    EXPECT_EQ(both.at("vlan_priority"), "1");
    EXPECT_EQ(both.at("dst_vlan_priority"), "5");  // the device does not tell; the frame does
    EXPECT_EQ(both.at("vlan_id"), "100");
  }
}

TEST(Sflow, Gateway) {
  expect_fields({gateway(Wire().u32(2).u32(2).add(sflow_list({8218, 29605})).u32(1).add(sflow_list({64500, 203361})),
                         sflow_list({0x201a0065, 0xfde80001}))},
                {{"bgp_next_hop", "54.54.54.54"},
                 {"router_as", "28976"},
                 {"src_as", "203476"},
                 {"src_peer_as", "203477"},
                 {"as_path", "8218 29605 {64500,203361}"},
                 {"next_hop_as", "8218"},
                 {"dst_as", "203361"},
                 {"bgp_communities", "8218:101 65000:1"},
                 {"bgp_local_pref", "100"}});
}

// The router's own AS: an empty path leads into it, and its sources have the number 0.
TEST(Sflow, GatewayOfTheOwnAs) {
  const Row own = row_of({gateway(Wire().u32(0), sflow_list({}))});
  EXPECT_EQ(own.at("dst_as"), "28976");
  EXPECT_EQ(own.at("src_as"), "203476");
  for (const char* name : {"as_path", "next_hop_as", "bgp_communities"}) EXPECT_FALSE(own.contains(name)) << name;
  // One segment without a number is an empty path too.
  EXPECT_EQ(row_of({gateway(Wire().u32(1).u32(2).u32(0), sflow_list({}))}).at("dst_as"), "28976");

  const auto from = [](uint32_t router, uint32_t source) {
    return row_of({sflow_block(
        1003, sflow_address(IpAddress::from_v4(0x36363636)).add(sflow_words({router, source, 0, 0, 0, 100})))});
  };
  EXPECT_EQ(from(65001, 0).at("src_as"), "65001");
  // A router that has no number, or does not tell.
  EXPECT_EQ(from(0, 0).at("src_as"), "0");
  EXPECT_FALSE(from(0, 0).contains("dst_as"));
  EXPECT_FALSE(from(kHuge, 7).contains("dst_as"));
}

TEST(Sflow, LongRoutesAreCut) {
  const std::vector<uint32_t> path(1500, 64500);
  const Row row = row_of({gateway(Wire().u32(1).u32(2).add(sflow_list(path)), sflow_list(path))}, "list_limit");
  EXPECT_EQ(std::ranges::count(row.at("as_path"), ' '), 999);
  EXPECT_EQ(std::ranges::count(row.at("bgp_communities"), ' '), 999);
  EXPECT_EQ(row.at("dst_as"), "64500");
}

// CVE-2022-2529, GHSA-g6v3-7xmc-w563: counts that make others allocate gigabytes cost the record.
TEST(Sflow, CountsBeyondTheRecordCostTheRecord) {
  struct Case {
    const char* name;
    Wire record;
  };
  const Wire address = sflow_address(IpAddress::from_v4(1));
  const std::vector<Case> cases = {
      {"AS segments", gateway(Wire().u32(kHuge).zeros(64), Wire())},
      {"numbers of a segment", gateway(Wire().u32(1).u32(2).u32(kHuge).zeros(64), Wire())},
      {"communities", gateway(Wire().u32(0), Wire().u32(kHuge).zeros(64))},
      {"a count whose bytes wrap", gateway(Wire().u32(0), Wire().u32(0x40000001).zeros(64))},
      {"labels in", sflow_block(1006, Wire().add(address).u32(kHuge).zeros(40))},
      {"labels out", sflow_block(1006, Wire().add(address).u32(0).u32(kHuge).zeros(40))},
      {"user", sflow_block(1004, Wire().u32(106).u32(kHuge).zeros(40))},
      {"URL", sflow_block(1005, Wire().u32(1).u32(kHuge).zeros(40))},
      {"host", sflow_block(1005, Wire().u32(1).add(sflow_text("/")).u32(kHuge))},
      {"tags", sflow_block(1012, Wire().u32(kHuge).zeros(40))},
      {"header", sflow_block(1, sflow_words({1, 100, 0, kHuge}).zeros(40))},
      {"header one byte short", sflow_block(1, sflow_words({1, 100, 0, 41}).zeros(40))},
      {"SSID", sflow_block(1014, Wire().u32(kHuge).zeros(60))},
      {"function", sflow_block(1038, Wire().u32(kHuge).zeros(8))},
      {"address of family 3", sflow_block(1007, Wire().u32(3).zeros(40))},
      {"switch cut off", sflow_block(1001, sflow_words({1, 2, 3}))},
      {"router cut off", sflow_block(1002, Wire().add(address).u32(24))},
      {"gateway without preference", sflow_block(1003, Wire().add(address).zeros(20))},
      {"IPv4 cut off", sflow_block(3, Wire().zeros(28))}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Harness harness;
    harness.feed(sflow_datagram({}, {flow_sample({}, {c.record, sflow_block(1001, sflow_words({10, 1, 20, 2}))})}));
    EXPECT_EQ(harness.anomalies(), "bad_sample_record");
    // Only the record is lost.
    EXPECT_EQ(beyond_the_sample(only_row(harness)), (Row{{"src_vlan", "10"},
                                                         {"vlan_id", "10"},
                                                         {"vlan_priority", "1"},
                                                         {"dst_vlan", "20"},
                                                         {"dst_vlan_priority", "2"}}));
  }
}

TEST(Sflow, TextsOfManyKinds) {
  expect_fields({sflow_block(1004, Wire().u32(106).add(sflow_text("alice")).u32(106).add(sflow_text("bob")))},
                {{"user_name", "alice"}, {"dst_user_name", "bob"}});
  expect_fields({sflow_block(1005, Wire().u32(2).add(sflow_text("/a?b=c")).add(sflow_text("example.org")))},
                {{"url_direction", "2"}, {"url", "/a?b=c"}, {"http_host", "example.org"}});
  expect_fields({sflow_block(1004, Wire().u32(0).add(sflow_text("caf\xe9")).u32(0).add(sflow_text("")))},
                {{"user_name", "caf\\xe9"}});
  const std::string lengthy(5000, 'u');
  const Row row =
      row_of({sflow_block(1005, Wire().u32(1).add(sflow_text(lengthy)).add(sflow_text("h")))}, "list_limit");
  EXPECT_EQ(row.at("url"), lengthy.substr(0, 4096));
  EXPECT_EQ(row.at("http_host"), "h");
}

TEST(Sflow, Mpls) {
  expect_fields(
      {sflow_block(1006, sflow_address(IpAddress::from_v4(0x0a000009))
                             .add(sflow_list({100U << 12 | 64, 200U << 12 | 0x100 | 63}))
                             .add(sflow_list({300U << 12, 400U << 12}))),
       sflow_block(1008, Wire().add(sflow_text("to-fra")).u32(5).u32(1)),
       sflow_block(1009, Wire().add(sflow_text("vc-a")).u32(6).u32(1)),
       sflow_block(1010, Wire().add(sflow_text("ftn")).u32(0xffffff00)),
       sflow_block(3, sflow_words({60, 17, 0x0a000001, 0x0a0400ff, 1, 2, 0, 0})), sflow_block(1011, Wire().u32(17))},
      {{"mpls_top_label_addr", "10.0.0.9"},
       {"mpls_label_1", "100"},
       {"mpls_label_2", "200"},
       {"mpls_ttl", "64"},
       {"mpls_out_labels", "300 400"},
       {"mpls_tunnel_name", "to-fra"},
       {"mpls_tunnel_id", "5"},
       {"mpls_vc_name", "vc-a"},
       {"mpls_vc_id", "6"},
       {"mpls_ftn", "ftn"},
       {"mpls_fec_prefix", "10.4.0.0/17"},
       {"bytes", "60"},
       {"proto", "17"},
       {"etype", "2048"},
       {"src_addr", "10.0.0.1"},
       {"dst_addr", "10.4.0.255"},
       {"src_port", "1"},
       {"dst_port", "2"},
       {"ip_tos", "0"}});
  EXPECT_EQ(row_of({sflow_block(1006, Wire().u32(0).add(sflow_list(std::vector<uint32_t>(11, 1U << 12))).u32(0))},
                   "list_limit")
                .at("mpls_label_10"),
            "1");
  EXPECT_FALSE(row_of({sflow_block(1011, Wire().u32(17))}).contains("mpls_fec_prefix"));  // of no address
}

TEST(Sflow, Translation) {
  expect_fields(
      {sflow_block(1007,
                   sflow_address(IpAddress::from_v4(0x0a000001)).add(sflow_address(*IpAddress::parse("2001:db8::1")))),
       sflow_block(1020, sflow_words({1024, 443}))},
      {{"post_nat_src_addr", "10.0.0.1"},
       {"post_nat_dst_addr", "2001:db8::1"},
       {"post_nat_src_port", "1024"},
       {"post_nat_dst_port", "443"}});
}

TEST(Sflow, Tunnels) {
  expect_fields({sflow_block(1024, sflow_words({0, 47, 0xc0a80054, 0xc0a80053, 0, 0, 0, 0})),
                 sflow_block(1030, Wire().u32(5001))},
                {{"tunnel_src_addr", "192.168.0.84"},
                 {"tunnel_dst_addr", "192.168.0.83"},
                 {"tunnel_type", "gre"},
                 {"tunnel_id", "5001"}});
  // Without a protocol the kind of tunnel is not known; of egress and ingress the first one counts.
  expect_fields({sflow_block(1023, sflow_words({0, 0, 0, 0xc0a80054, 0, 0, 0, 0})),
                 sflow_block(1024, sflow_words({0, 47, 1, 2, 0, 0, 0, 0}))},
                {{"tunnel_src_addr", "0.0.0.0"}, {"tunnel_dst_addr", "192.168.0.84"}});
  EXPECT_EQ(
      row_of({sflow_block(1025, Wire().u32(0).u32(17).zeros(32).add(sflow_words({9, 4789, 0, 0})))}).at("tunnel_type"),
      "vxlan");
  expect_fields({sflow_block(1021, Wire().zeros(24)), sflow_block(1027, Wire().u32(50))}, {});
}

TEST(Sflow, VlanStacks) {
  expect_fields({sflow_block(1012, sflow_list({0x88a80064, 0x8100e0c8}))},
                {{"vlan_id", "100"}, {"customer_vlan_id", "200"}});
  expect_fields({sflow_block(1034, sflow_list({0x81000064})), sflow_block(1035, sflow_list({0x810000c8, 0x81000001}))},
                {{"src_vlan", "100"}, {"vlan_id", "100"}, {"dst_vlan", "200"}, {"dst_customer_vlan_id", "1"}});
}

TEST(Sflow, Wireless) {
  const Wire bssid = Wire::hex("02aabbccddee0000");
  expect_fields(
      {sflow_block(1014, sflow_text("guests").add(bssid).add(sflow_words({4, 11})).u64(54'000'000).zeros(12))},
      {{"wlan_ssid", "guests"}, {"wtp_mac", "02:aa:bb:cc:dd:ee"}, {"wlan_channel", "11"}});
  expect_fields(
      {sflow_block(1015, sflow_text("guests").add(bssid).add(sflow_words({4, 1, 2, 3, 36})).u64(54'000'000).u32(100))},
      {{"wlan_ssid", "guests"}, {"wtp_mac", "02:aa:bb:cc:dd:ee"}, {"wlan_channel", "36"}});
  const Wire payload = Wire::hex("aaaa03 000000 0800 45 00 00 1c 00 00 00 00 40 11 00 00 0a000001 0a000002 0035 1000");
  EXPECT_EQ(row_of({sflow_block(1013, Wire().u32(0x000fac04).add(sflow_opaque(payload)))}).at("dst_port"), "4096");
}

TEST(Sflow, Applications) {
  const Wire request = Wire()
                           .u32(2)
                           .u32(1001)
                           .add(sflow_text("/x"))
                           .add(sflow_text("example.org"))
                           .add(sflow_text("ref"))
                           .add(sflow_text("curl"));
  const Row want = {{"http_method", "GET"},      {"url", "/x"},          {"http_host", "example.org"},
                    {"http_user_agent", "curl"}, {"user_name", "alice"}, {"http_status", "404"}};
  expect_fields({sflow_block(2206, Wire(request)
                                       .add(sflow_text("192.0.2.7"))
                                       .add(sflow_text("alice"))
                                       .add(sflow_text("text/html"))
                                       .u64(1)
                                       .u64(2)
                                       .add(sflow_words({3, 404})))},
                want);
  expect_fields(
      {sflow_block(
          2201, Wire(request).add(sflow_text("alice")).add(sflow_text("text/html")).u64(2).add(sflow_words({3, 404})))},
      want);
}

TEST(Sflow, DiscardedPackets) {
  Harness harness;
  const Wire queue = sflow_block(1036, Wire().u32(42));
  harness.feed(sflow_datagram({}, {discarded_packet({.reason = 1}, {raw_header(1, 77, tcp_frame()), queue})}));
  const Row row = only_row(harness);
  EXPECT_EQ(row.at("drop_reason"), "1");
  EXPECT_EQ(row.at("drop_reason_name"), "host_unreachable");
  EXPECT_EQ(row.at("forwarding_status"), "128");
  EXPECT_EQ(row.at("bytes"), "77");
  EXPECT_EQ(row.at("in_if"), "7");
  EXPECT_EQ(row.at("out_if"), "8");
  EXPECT_FALSE(row.contains("sampling_rate"));
  EXPECT_EQ(harness.anomalies(), "");
}

TEST(Sflow, WhatNamesTheReasonOfADrop) {
  const Wire function = sflow_block(1038, sflow_text("tcp_v4_rcv"));
  const Wire trap = sflow_block(1041, sflow_text("l3_drops").add(sflow_text("blackhole_route")));
  const Wire reason = sflow_block(1042, sflow_text("NO_SOCKET"));
  const Wire acl = sflow_block(1037, Wire().u32(5).add(sflow_text("deny-all")).u32(2));
  const Wire numbered = sflow_block(1037, Wire().u32(5).add(sflow_text("")).u32(1));
  const auto name_of = [](const std::vector<Wire>& records) {
    Harness harness;
    harness.feed(sflow_datagram({}, {discarded_packet({.reason = 256}, records)}));
    EXPECT_EQ(harness.anomalies(), "");
    const Row row = only_row(harness);
    const auto cell = [&row](const char* name) { return row.contains(name) ? row.at(name) : ""; };
    return cell("drop_reason_name") + "," + cell("ingress_acl") + "," + cell("egress_acl");
  };
  EXPECT_EQ(name_of({}), "unknown,,");
  EXPECT_EQ(name_of({function}), "tcp_v4_rcv,,");
  EXPECT_EQ(name_of({function, reason}), "NO_SOCKET,,");
  EXPECT_EQ(name_of({reason, function}), "NO_SOCKET,,");
  EXPECT_EQ(name_of({trap}), "blackhole_route,,");
  EXPECT_EQ(name_of({acl, numbered}), "unknown,5,deny-all");
}

TEST(Sflow, DropReasonsHaveTheCodesOfTheSpecification) {
  EXPECT_EQ(sflow::drop_reason_name(0), "net_unreachable");
  EXPECT_EQ(sflow::drop_reason_name(15), "precedence_cutoff");
  EXPECT_EQ(sflow::drop_reason_name(16), "");
  EXPECT_EQ(sflow::drop_reason_name(255), "");
  EXPECT_EQ(sflow::drop_reason_name(256), "unknown");
  EXPECT_EQ(sflow::drop_reason_name(290), "sip_is_unspecified");
  EXPECT_EQ(sflow::drop_reason_name(332), "dev_hdr");
  EXPECT_EQ(sflow::drop_reason_name(371), "socket_filter");
  EXPECT_EQ(sflow::drop_reason_name(372), "");
}

}  // namespace
}  // namespace weir::decode
