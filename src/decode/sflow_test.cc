#include "decode/sflow.h"

#include <gtest/gtest.h>

#include "decode/test_decode.h"
#include "decode/test_sflow.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using namespace test;

// Words that are not true: what an attacker puts where a count or a length belongs.
constexpr uint32_t kHuge = 0xffffffff;

Row only_row(Harness& harness) {
  EXPECT_EQ(harness.rows().size(), 1u);
  return harness.rows().empty() ? Row{} : harness.rows().front();
}

// The row of a flow sample with these records.
Row row_of(const std::vector<Wire>& records, std::string_view anomalies = "") {
  Harness harness;
  harness.feed(sflow_datagram({}, {flow_sample({}, records)}));
  EXPECT_EQ(harness.anomalies(), anomalies);
  return only_row(harness);
}

// What a row has besides what every row of flow_sample({}) has.
Row beyond_the_sample(Row row) {
  for (const char* name :
       {"time_received", "time_flow_start", "time_flow_end", "type", "sampler_address", "agent_address",
        "observation_domain_id", "packets", "sampling_rate", "in_if", "out_if", "flow_direction"}) {
    EXPECT_EQ(row.erase(name), 1u) << name;
  }
  return row;
}

void expect_fields(const std::vector<Wire>& records, const Row& want) {
  EXPECT_EQ(beyond_the_sample(row_of(records)), want);
}

TEST(Sflow, SampledPacketBecomesARow) {
  const Row row = row_of({raw_header(1, 1400, tcp_frame())});
  const Row want = {{"time_received", "2023-11-14T22:13:21.000000Z"},
                    {"time_flow_start", "2023-11-14T22:13:21.000000Z"},
                    {"time_flow_end", "2023-11-14T22:13:21.000000Z"},
                    {"type", "1"},
                    {"sampler_address", "192.0.2.1"},
                    {"agent_address", "10.0.0.1"},
                    {"observation_domain_id", "0"},
                    {"sampling_rate", "1000"},
                    {"bytes", "1400"},
                    {"packets", "1"},
                    {"src_addr", "10.1.2.3"},
                    {"dst_addr", "10.4.5.6"},
                    {"src_port", "4096"},
                    {"dst_port", "443"},
                    {"proto", "6"},
                    {"etype", "2048"},
                    {"in_if", "7"},
                    {"out_if", "8"},
                    {"flow_direction", "0"},
                    {"ip_tos", "16"},
                    {"ip_ttl", "64"},
                    {"tcp_flags", "24"},
                    {"src_mac", "02:00:00:00:00:01"},
                    {"dst_mac", "02:00:00:00:00:02"}};
  for (const auto& [name, value] : want) {
    ASSERT_TRUE(row.contains(name)) << name;
    EXPECT_EQ(row.at(name), value) << name;
  }
}

TEST(Sflow, AgentMayHaveIpv6OrNoAddress) {
  Harness harness;
  const auto agent = *IpAddress::parse("2001:db8::9");
  harness.feed(sflow_datagram({.agent = agent, .sub_agent = 17}, {flow_sample({}, {})}));
  harness.feed(Wire::hex("00000005 00000000 00000011 00000001 00000001 00000001").add(flow_sample({}, {})));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(harness.rows()[0].at("agent_address"), "2001:db8::9");
  EXPECT_EQ(harness.rows()[0].at("observation_domain_id"), "17");
  EXPECT_FALSE(harness.rows()[1].contains("agent_address"));
  EXPECT_EQ(harness.anomalies(), "");
}

TEST(Sflow, HeadersThatAreNone) {
  struct Case {
    const char* name;
    Wire bytes;
    const char* want;
  };
  const std::vector<Case> cases = {
      {"version only", Wire::hex("00000005"), "truncated_header"},
      {"agent of family 3", Wire::hex("00000005 00000003").zeros(64), "truncated_header"},
      {"IPv6 agent cut off", Wire::hex("00000005 00000002").zeros(15), "truncated_header"},
      {"no count of samples", Wire::hex("00000005 00000001").zeros(16), "truncated_header"},
      {"version 4", Wire::hex("00000004 00000001").zeros(32), "unsupported_version"},
      {"version 6", Wire::hex("00000006 00000001").zeros(32), "unknown_version"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Harness harness;
    harness.feed(c.bytes);
    EXPECT_EQ(harness.anomalies(), c.want);
    EXPECT_EQ(harness.counters().datagrams_rejected, 1u);
    EXPECT_TRUE(harness.rows().empty());
  }
}

TEST(Sflow, ExpandedSamplesSayTheSame) {
  Harness harness;
  const std::vector<Wire> records = {raw_header(1, 1400, tcp_frame())};
  harness.feed(sflow_datagram({}, {flow_sample({}, records), expanded_flow_sample({}, records)}));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(harness.rows()[0], harness.rows()[1]);
  // What has no room in the compact form.
  Harness wide;
  wide.feed(sflow_datagram(
      {}, {expanded_flow_sample({.source_index = 0x12345678, .input = 0x12345678, .output = 0xfedcba98}, records)}));
  EXPECT_EQ(only_row(wide).at("in_if"), "305419896");
  EXPECT_EQ(only_row(wide).at("out_if"), "4275878552");
}

TEST(Sflow, InterfaceFormats) {
  struct Case {
    const char* name;
    SflowSample sample;
    Row want;
    const char* anomalies = "";
  };
  const std::vector<Case> cases = {
      {"not known", {.input = 0, .output = 0}, {}},
      {"the device itself", {.input = 0x3fffffff, .output = 0x3fffffff}, {{"in_if", "0"}, {"out_if", "0"}}},
      {"discarded: port unreachable",
       {.input = 0, .output_format = 1, .output = 3},
       {{"drop_reason", "3"}, {"drop_reason_name", "port_unreachable"}, {"forwarding_status", "128"}}},
      {"discarded: access list",
       {.input = 0, .output_format = 1, .output = 258},
       {{"drop_reason", "258"}, {"drop_reason_name", "acl"}, {"forwarding_status", "128"}}},
      {"discarded: a code of the future",
       {.input = 0, .output_format = 1, .output = 5000},
       {{"drop_reason", "5000"}, {"forwarding_status", "128"}}},
      {"discarded: beyond its column",
       {.input = 0, .output_format = 1, .output = 0x10000},
       {{"forwarding_status", "128"}},
       "value_out_of_range"},
      {"several", {.input = 0, .output_format = 2, .output = 7}, {{"out_if_count", "7"}}},
      {"several, not known how many", {.input = 0, .output_format = 2, .output = 0}, {{"out_if_count", "0"}}},
      {"format 3", {.input = 0, .output_format = 3, .output = 7}, {}, "value_out_of_range"},
      {"input of several", {.input_format = 2, .input = 2, .output = 0}, {}, "value_out_of_range"}};
  for (const Case& c : cases) {
    for (const bool expanded : {false, true}) {
      SCOPED_TRACE(fmt::format("{}, {}", c.name, expanded ? "expanded" : "compact"));
      Harness harness;
      harness.feed(sflow_datagram({}, {expanded ? expanded_flow_sample(c.sample, {}) : flow_sample(c.sample, {})}));
      Row row = only_row(harness);
      Row seen;
      for (const char* name :
           {"in_if", "out_if", "out_if_count", "drop_reason", "drop_reason_name", "forwarding_status"}) {
        if (row.contains(name)) seen[name] = row[name];
      }
      EXPECT_EQ(seen, c.want);
      EXPECT_EQ(harness.anomalies(), c.anomalies);
    }
  }
}

TEST(Sflow, DirectionIsTheSideOfTheDataSource) {
  struct Case {
    SflowSample sample;
    const char* want;
  };
  for (const Case& c : std::vector<Case>{{{.source_index = 7, .input = 7, .output = 8}, "0"},
                                         {{.source_index = 8, .input = 7, .output = 8}, "1"},
                                         {{.source_index = 9, .input = 7, .output = 8}, ""},
                                         {{.source_index = 7, .input = 7, .output = 7}, ""},
                                         {{.source_type = 2, .source_index = 7, .input = 7, .output = 8}, ""}}) {
    Harness harness;
    harness.feed(sflow_datagram({}, {flow_sample(c.sample, {})}));
    const Row row = only_row(harness);
    EXPECT_EQ(row.contains("flow_direction") ? row.at("flow_direction") : "", c.want);
  }
}

TEST(Sflow, OperatorsSamplingRateWins) {
  DecoderOptions options;
  options.sampling_rates[kExporter] = 50;
  Harness harness(options);
  harness.feed(sflow_datagram({}, {flow_sample({}, {})}));
  EXPECT_EQ(only_row(harness).at("sampling_rate"), "50");
  Harness none;
  none.feed(sflow_datagram({}, {flow_sample({.sampling_rate = 0}, {})}));
  EXPECT_FALSE(only_row(none).contains("sampling_rate"));
}

TEST(Sflow, HeaderProtocols) {
  const Wire ip = Wire::hex(
      "45 00 00 1c 00 00 00 00 40 11 00 00 0a 00 00 01 0a 00 00 02"
      "00 35 10 00 00 08 00 00");
  struct Case {
    uint32_t protocol;
    Wire header;
    const char* want;  // source port, or none
  };
  for (const Case& c : std::vector<Case>{{11, ip, "53"},
                                         {13, Wire::hex("00064140").add(ip), "53"},
                                         {7, Wire::hex("0021").add(ip), "53"},
                                         {14, Wire::hex("ff03 0021").add(ip), "53"},
                                         {3, ip, ""},
                                         {kHuge, ip, ""}}) {
    SCOPED_TRACE(c.protocol);
    const Row row = row_of({raw_header(c.protocol, 60, c.header)});
    EXPECT_EQ(row.at("bytes"), "60");
    EXPECT_EQ(row.contains("src_port") ? row.at("src_port") : "", c.want);
  }
}

TEST(Sflow, LengthOfTheRawHeaderWinsWhereverItStands) {
  const Wire ethernet = sflow_block(2, Wire().u32(900).add(Wire::hex("0200000000010000 0200000000020000")).u32(0x86dd));
  const Wire ipv4 = sflow_block(3, Wire().u32(800).add(Wire::hex("00000011 0a000001 0a000002")).zeros(16));
  const Wire raw = raw_header(1, 1000, tcp_frame());
  EXPECT_EQ(row_of({ipv4, ethernet, raw}).at("bytes"), "1000");
  EXPECT_EQ(row_of({raw, ethernet, ipv4}).at("bytes"), "1000");
  EXPECT_EQ(row_of({ipv4, ethernet}).at("bytes"), "900");
  EXPECT_EQ(row_of({ipv4}).at("bytes"), "800");
  EXPECT_FALSE(row_of({}).contains("bytes"));
}

TEST(Sflow, ParsedHeaders) {
  expect_fields(
      {sflow_block(2, Wire().u32(900).add(Wire::hex("0200000000010000 0200000000020000")).u32(0x86dd))},
      {{"bytes", "900"}, {"src_mac", "02:00:00:00:00:01"}, {"dst_mac", "02:00:00:00:00:02"}, {"etype", "34525"}});
  // A length of IEEE 802.3 is no EtherType.
  expect_fields({sflow_block(2, Wire().u32(16).add(Wire::hex("0200000000010000 0200000000020000")).u32(3))},
                {{"bytes", "16"}, {"src_mac", "02:00:00:00:00:01"}, {"dst_mac", "02:00:00:00:00:02"}});
  expect_fields({sflow_block(3, sflow_words({60, 6, 0x0a000001, 0x0a000002, 4096, 443, 18, 8}))},
                {{"bytes", "60"},
                 {"proto", "6"},
                 {"etype", "2048"},
                 {"src_addr", "10.0.0.1"},
                 {"dst_addr", "10.0.0.2"},
                 {"src_port", "4096"},
                 {"dst_port", "443"},
                 {"tcp_flags", "18"},
                 {"ip_tos", "8"}});
  expect_fields({sflow_block(4, Wire()
                                    .u32(60)
                                    .u32(58)
                                    .add(Wire::hex("20010db8 00000000 00000000 00000001"))
                                    .add(Wire::hex("20010db8 00000000 00000000 00000002"))
                                    .add(sflow_words({128, 0, 0, 1})))},
                {{"bytes", "60"},
                 {"proto", "58"},
                 {"etype", "34525"},
                 {"src_addr", "2001:db8::1"},
                 {"dst_addr", "2001:db8::2"},
                 {"ip_tos", "1"}});
}

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

Wire gateway(const Wire& path, const Wire& communities) {
  return sflow_block(1003, sflow_address(IpAddress::from_v4(0x36363636))
                               .add(sflow_words({28976, 203476, 203477}))
                               .add(path)
                               .add(communities)
                               .u32(100));
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
  // A destination of its own has no path.
  const Row own = row_of({gateway(Wire().u32(0), sflow_list({}))});
  for (const char* name : {"as_path", "dst_as", "next_hop_as", "bgp_communities"}) EXPECT_FALSE(own.contains(name));
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
      {"a count whose octets wrap", gateway(Wire().u32(0), Wire().u32(0x40000001).zeros(64))},
      {"labels in", sflow_block(1006, Wire().add(address).u32(kHuge).zeros(40))},
      {"labels out", sflow_block(1006, Wire().add(address).u32(0).u32(kHuge).zeros(40))},
      {"user", sflow_block(1004, Wire().u32(106).u32(kHuge).zeros(40))},
      {"URL", sflow_block(1005, Wire().u32(1).u32(kHuge).zeros(40))},
      {"host", sflow_block(1005, Wire().u32(1).add(sflow_text("/")).u32(kHuge))},
      {"tags", sflow_block(1012, Wire().u32(kHuge).zeros(40))},
      {"header", sflow_block(1, sflow_words({1, 100, 0, kHuge}).zeros(40))},
      {"header one octet short", sflow_block(1, sflow_words({1, 100, 0, 41}).zeros(40))},
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

// A frame of two samples, the first one changed; the second must always be there.
struct FrameCase {
  const char* name;
  Wire sample;
  const char* anomalies;
  size_t rows;  // with the second one's
};

TEST(Sflow, DamageCostsTheSampleOrTheRecord) {
  const Wire record = sflow_block(1001, sflow_words({10, 0, 20, 0}));
  const Wire fixed = sflow_words({1, 7, 1000, 5000, 0, 7, 8});
  const std::vector<FrameCase> cases = {
      {"fine", flow_sample({}, {record}), "", 2},
      {"too short for its fixed part", sflow_block(1, Wire().zeros(28)), "bad_sample", 1},
      {"empty", sflow_block(1, Wire()), "bad_sample", 1},
      {"empty counters", sflow_block(2, Wire().zeros(8)), "bad_sample", 1},
      {"expanded, too short", sflow_block(3, Wire().zeros(40)), "bad_sample", 1},
      {"discarded, too short", sflow_block(5, Wire().zeros(28)), "bad_sample", 1},
      {"unknown format", sflow_block(77, Wire().zeros(28)), "unknown_sample", 1},
      {"of an enterprise", sflow_block(4300U << 12 | 1, Wire().zeros(28)), "unknown_sample", 1},
      {"record of an enterprise", flow_sample({}, {sflow_block(4300U << 12 | 1, Wire().zeros(8))}),
       "unknown_sample_record", 2},
      {"record longer than the sample", sflow_block(1, Wire(fixed).u32(1).u32(1001).u32(20).zeros(16)),
       "bad_sample_record", 2},
      {"record of a huge length", sflow_block(1, Wire(fixed).u32(1).u32(1001).u32(kHuge).zeros(16)),
       "bad_sample_record", 2},
      {"head of a record cut off", sflow_block(1, Wire(fixed).u32(1).u32(1001)), "bad_sample_record", 2},
      {"records that are not there", sflow_block(1, Wire(fixed).u32(kHuge).add(record)), "bad_sample", 2},
      {"octets behind the records", sflow_block(1, Wire(fixed).u32(1).add(record).zeros(8)), "trailing_bytes", 2},
      {"octets at a record's end", flow_sample({}, {sflow_block(1001, sflow_words({10, 0, 20, 0, 99}))}), "", 2},
      {"length that is no multiple of 4", Wire().u32(77).u32(5).zeros(8), "unknown_sample", 1}};
  for (const FrameCase& c : cases) {
    SCOPED_TRACE(c.name);
    Harness harness;
    harness.feed(sflow_datagram({}, {c.sample, flow_sample({.input = 99}, {})}));
    EXPECT_EQ(harness.anomalies(), c.anomalies);
    ASSERT_EQ(harness.rows().size(), c.rows);
    EXPECT_EQ(harness.rows().back().at("in_if"), "99");
    EXPECT_EQ(harness.imbalance(), "");
  }
}

TEST(Sflow, CountOfSamples) {
  const Wire sample = flow_sample({}, {});
  const auto with_count = [&](uint32_t count) {
    return Wire::hex("00000005 00000001 0a000001").add(sflow_words({0, 1, 1000, count})).add(sample).add(sample);
  };
  for (const auto& [count, rows, anomalies] :
       std::vector<std::tuple<uint32_t, size_t, std::string>>{{2, 2, ""},
                                                              {3, 2, "count_mismatch"},
                                                              {kHuge, 2, "count_mismatch"},
                                                              {1, 1, "trailing_bytes"},
                                                              {0, 0, "trailing_bytes"}}) {
    SCOPED_TRACE(count);
    Harness harness;
    harness.feed(with_count(count));
    EXPECT_EQ(harness.rows().size(), rows);
    EXPECT_EQ(harness.anomalies(), anomalies);
  }
}

// As in captures of real agents, which state 52 octets for 68 of the last sample, or were cut off.
TEST(Sflow, LastSampleIsReadAsFarAsItGoes) {
  const Wire router = sflow_block(1002, sflow_address(*IpAddress::parse("2001:db8::1")).add(sflow_words({64, 48})));
  const Wire fixed = sflow_words({1, 7, 1000, 5000, 0, 7, 8, 1});
  const Wire body = Wire(fixed).add(router);
  const auto one = [](const Wire& sample) {
    return Wire::hex("00000005 00000001 0a000001").add(sflow_words({0, 1, 1000, 1})).add(sample);
  };
  Harness short_length;
  short_length.feed(one(Wire().u32(1).u32(52).add(body)));
  EXPECT_EQ(only_row(short_length).at("next_hop"), "2001:db8::1");
  EXPECT_EQ(only_row(short_length).at("dst_net"), "48");
  EXPECT_EQ(short_length.anomalies(), "bad_sample");
  Harness clipped;
  clipped.feed(one(Wire().u32(1).u32(400).add(body)));
  EXPECT_EQ(only_row(clipped).at("dst_net"), "48");
  EXPECT_EQ(clipped.anomalies(), "bad_sample");
}

// Every prefix of a datagram, and every octet of it changed: nothing happens but counting.
TEST(Sflow, AnyTruncationIsHarmless) {
  const Wire whole = sflow_datagram(
      {}, {flow_sample({}, {raw_header(1, 100, tcp_frame()), sflow_block(1001, sflow_words({10, 0, 20, 0})),
                            gateway(Wire().u32(1).u32(2).add(sflow_list({1, 2})), sflow_list({1})),
                            sflow_block(1005, Wire().u32(1).add(sflow_text("/abc")).add(sflow_text("h")))}),
           counter_sample({}, {sflow_block(1, Wire().zeros(88)), sflow_block(1005, sflow_text("eth0"))}),
           discarded_packet({}, {sflow_block(1038, sflow_text("f"))})});
  Harness complete;
  complete.feed(whole);
  const std::vector<Row> want = complete.rows();
  ASSERT_EQ(want.size(), 2u);
  for (size_t length = 0; length < whole.size(); ++length) {
    Harness harness;
    harness.feed(ByteView(whole).first(length));
    ASSERT_LE(harness.rows().size(), want.size());
    ASSERT_EQ(harness.imbalance(), "");
  }
  std::vector<uint8_t> bytes = whole.bytes();
  for (size_t i = 4; i < bytes.size(); ++i) {
    for (const uint8_t value : std::initializer_list<uint8_t>{0x00, 0x01, 0x7f, 0x80, 0xff}) {
      const uint8_t before = std::exchange(bytes[i], value);
      Harness harness;
      harness.feed(bytes);
      ASSERT_EQ(harness.imbalance(), "") << "octet " << i << " = " << int{value};
      bytes[i] = before;
    }
  }
}

TEST(Sflow, RowsOfOneDatagramMayNeedTwoBatches) {
  Harness harness;  // its batches have 64 rows
  std::vector<Wire> samples;
  for (uint32_t i = 0; i < 50; ++i) samples.push_back(flow_sample({.input = i + 1}, {}));
  harness.feed(sflow_datagram({.sub_agent = 1}, samples)).feed(sflow_datagram({.sub_agent = 2}, samples));
  const std::vector<Row>& rows = harness.rows();
  ASSERT_EQ(rows.size(), 100u);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(rows[i].at("in_if"), std::to_string(i % 50 + 1));
    EXPECT_EQ(rows[i].at("observation_domain_id"), i < 50 ? "1" : "2");
    EXPECT_EQ(rows[i].at("packets"), "1");
    EXPECT_EQ(rows[i].at("time_received"), "2023-11-14T22:13:21.000000Z");
  }
}

TEST(Sflow, SequenceCountsDatagramsOfEachAgentAndSubAgent) {
  Harness harness;
  const auto feed = [&](uint32_t agent, uint32_t sub_agent, uint32_t sequence) {
    harness.feed(sflow_datagram({.agent = IpAddress::from_v4(agent),
                                 .sub_agent = sub_agent,
                                 .sequence = sequence,
                                 .uptime_ms = 1000 + sequence},
                                {}));
  };
  for (uint32_t sequence = 10; sequence < 20; ++sequence) {
    feed(1, 0, sequence);
    feed(1, 1, sequence + 500);
    feed(2, 0, sequence + 70000);
  }
  EXPECT_EQ(harness.anomalies(), "");
  feed(1, 0, 23);  // 20 to 22 are missing
  EXPECT_EQ(harness.counters().lost_units, 3u);
  EXPECT_EQ(harness.anomalies(), "sequence_gap");
  feed(1, 0, 21);  // late
  EXPECT_EQ(harness.counters().lost_units, 2u);
  feed(1, 0, 24);
  EXPECT_EQ(harness.anomalies(), "sequence_gap sequence_reordered");
}

TEST(Sflow, AgentThatStartsAnewHasLostNothing) {
  Harness harness;
  harness.feed(sflow_datagram({.sequence = 5000, .uptime_ms = 86'400'000}, {}));
  harness.feed(sflow_datagram({.sequence = 1, .uptime_ms = 3000}, {}));
  harness.feed(sflow_datagram({.sequence = 2, .uptime_ms = 4000}, {}));
  EXPECT_EQ(harness.counters().lost_units, 0u);
  EXPECT_EQ(harness.anomalies(), "exporter_restart");
}

TEST(Sflow, DropsOfTheAgentAreCounted) {
  Harness harness;
  uint32_t sequence = 100;
  const auto feed = [&](const SflowSample& sample) {
    harness.feed(sflow_datagram({.sequence = sequence, .uptime_ms = 1'000'000 + sequence}, {flow_sample(sample, {})}));
    ++sequence;
  };
  const auto drops = [&] { return harness.counters().agent_drops; };
  feed({.drops = 40});  // since when, nobody knows
  EXPECT_EQ(drops(), 0u);
  feed({.drops = 45});
  feed({.drops = 45});
  EXPECT_EQ(drops(), 5u);
  feed({.source_index = 8, .drops = 1000});  // another source
  EXPECT_EQ(drops(), 5u);
  feed({.source_index = 8, .drops = 1001});
  EXPECT_EQ(drops(), 6u);
  feed({.drops = 3});  // the source began anew
  EXPECT_EQ(drops(), 9u);
  feed({.source_index = 9, .drops = 0xfffffffe});
  feed({.source_index = 9, .drops = 3});  // the count wrapped
  EXPECT_EQ(drops(), 14u);
  // Overtaken: what it tells is old.
  harness.feed(
      sflow_datagram({.sequence = sequence + 1, .uptime_ms = 1'000'002 + sequence}, {flow_sample({.drops = 10}, {})}));
  EXPECT_EQ(drops(), 21u);
  harness.feed(
      sflow_datagram({.sequence = sequence, .uptime_ms = 1'000'001 + sequence}, {flow_sample({.drops = 8}, {})}));
  EXPECT_EQ(drops(), 21u);
  // Discarded packets have a count of their own.
  harness.feed(sflow_datagram({.sequence = sequence + 2, .uptime_ms = 1'000'003 + sequence},
                              {discarded_packet({.drops = 500}, {})}));
  EXPECT_EQ(drops(), 21u);
  // The agent restarted: its counts are those since then.
  harness.feed(sflow_datagram({.sequence = 1, .uptime_ms = 100}, {flow_sample({.drops = 30}, {})}));
  EXPECT_EQ(drops(), 51u);
}

TEST(Sflow, AgentsAndTheirSourcesAreBounded) {
  Limits limits;
  limits.sflow_agents = 3;
  limits.sflow_sources_per_agent = 4;
  limits.sflow_sources = 8;
  sflow::AgentTable table(limits);
  flow::AnomalyCounts anomalies;
  for (uint32_t i = 0; i < 100; ++i) {
    table.find({.exporter = kExporter, .agent = IpAddress::from_v4(i % 7), .sub_agent = i % 2}, anomalies);
    for (uint32_t source = 0; source < i % 11; ++source) table.observe_drops({.index = source}, 1, anomalies);
    ASSERT_LE(table.agents(), 3u);
    ASSERT_LE(table.sources(), 8u + 4u);
  }
  EXPECT_GT(anomalies[Anomaly::session_limit], 0u);
  // An agent that was just used is not the one that goes.
  table.find({.exporter = kExporter, .agent = IpAddress::from_v4(1000)}, anomalies);
  table.observe_drops({.index = 1}, 5, anomalies);
  EXPECT_EQ(table.observe_drops({.index = 1}, 9, anomalies), 4u);
}

}  // namespace
}  // namespace weir::decode
