#include "decode/sflow/sflow_decoder.h"

#include <gtest/gtest.h>

#include "decode/sflow/test_sflow_rows.h"

namespace weir::decode {
namespace {

using namespace test;

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

}  // namespace
}  // namespace weir::decode
