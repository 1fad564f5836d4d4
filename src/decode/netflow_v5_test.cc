#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::Harness;
using test::Row;
using test::Wire;

// Cisco's figures, field for field.
constexpr std::string_view kHeader5 = R"(
  0005 0001          # version, count
  0036ee80           # uptime 3,600,000 ms
  6553f100 00000000  # 2023-11-14T22:13:20 and no nanoseconds
  000003e8           # flow sequence 1000
  02 07              # engine type 2, engine id 7
  4064               # sampling: mode 1, one in 100
)";
constexpr std::string_view kRecord5 = R"(
  c0000201 c6336402 cb007103  # 192.0.2.1 to 198.51.100.2 by 203.0.113.3
  0005 0006                   # interfaces
  0000000a 00003039           # 10 packets, 12345 bytes
  0036d710 0036e8a4           # first 6 s before, last 1.5 s before the export
  1f90 01bb                   # ports 8080 to 443
  00 1b 06 48                 # pad, flags, TCP, ToS
  fde8 fde9 18 10 0000        # AS 65000 and 65001, /24 and /16, pad
)";

Wire datagram5() { return Wire::hex(kHeader5).add(Wire::hex(kRecord5)); }

TEST(NetflowV5, EveryFieldOfTheFigure) {
  Harness h;
  h.feed(datagram5());
  ASSERT_EQ(h.rows().size(), 1u);
  const Row want = {{"time_received", "2023-11-14T22:13:21.000000Z"},
                    {"time_flow_start", "2023-11-14T22:13:14.000000Z"},
                    {"time_flow_end", "2023-11-14T22:13:18.500000Z"},
                    {"type", "2"},
                    {"sampler_address", "192.0.2.1"},
                    {"observation_domain_id", "519"},
                    {"sampling_rate", "100"},
                    {"bytes", "12345"},
                    {"packets", "10"},
                    {"src_addr", "192.0.2.1"},
                    {"dst_addr", "198.51.100.2"},
                    {"next_hop", "203.0.113.3"},
                    {"src_port", "8080"},
                    {"dst_port", "443"},
                    {"proto", "6"},
                    {"etype", "2048"},
                    {"src_as", "65000"},
                    {"dst_as", "65001"},
                    {"src_net", "24"},
                    {"dst_net", "16"},
                    {"in_if", "5"},
                    {"out_if", "6"},
                    {"ip_tos", "72"},
                    {"tcp_flags", "27"}};
  EXPECT_EQ(h.rows()[0], want);
  EXPECT_EQ(h.anomalies(), "");
  EXPECT_EQ(h.counters().sampling_rate, 100u);
}

TEST(NetflowV5, TableOfDamage) {
  const Wire record = Wire::hex(kRecord5);
  struct Case {
    const char* name;
    Wire bytes;
    size_t rows;
    const char* anomalies;
    uint64_t rejected;
  };
  const Case cases[] = {
      {"no bytes", {}, 0, "truncated_header", 1},
      {"one byte", Wire().u8(0), 0, "truncated_header", 1},
      {"header alone", test::netflow5({.count = 0}, {}), 0, "count_mismatch", 0},
      {"23 bytes of header", Wire::hex("0005 0001 0036ee80 6553f100 00000000 000003e8 0207 40"), 0, "truncated_header",
       1},
      {"count 2, one record", test::netflow5({.count = 2}, record), 1, "count_mismatch", 0},
      {"count 2, one record and a half", test::netflow5({.count = 2}, Wire().add(record).zeros(24)), 1,
       "count_mismatch trailing_bytes", 0},
      {"count 1, two records", test::netflow5({.count = 1}, Wire().add(record).add(record)), 1, "trailing_bytes", 0},
      {"a count that nobody sends, without the records", test::netflow5({.count = 55582}, record), 0, "unknown_version",
       1},
      {"version 6", Wire::hex("0006 0001").zeros(68), 0, "unknown_version", 1},
      {"sFlow v5, cut off", Wire::hex("00000005 00000001"), 0, "truncated_header", 1},
      {"sFlow v4", Wire::hex("00000004 00000001"), 0, "unsupported_version", 1},
      {"version 65535", Wire::hex("ffff ffff"), 0, "unknown_version", 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Harness h;
    h.feed(c.bytes);
    EXPECT_EQ(h.rows().size(), c.rows);
    EXPECT_EQ(h.anomalies(), c.anomalies);
    EXPECT_EQ(h.counters().datagrams_rejected, c.rejected);
    EXPECT_EQ(h.imbalance(), "");
  }
}

TEST(NetflowV5, MoreThanThirtyRecordsIfTheyAreThere) {
  Wire records;
  for (int i = 0; i < 60; ++i) records.add(Wire::hex(kRecord5));
  Harness h;
  h.feed(test::netflow5({.count = 60}, records));
  EXPECT_EQ(h.rows().size(), 60u);
  EXPECT_EQ(h.anomalies(), "");
}

TEST(NetflowV5, SamplingModeBitsAreNotPartOfTheInterval) {
  const auto rate = [](uint16_t field) {
    Harness h;
    h.feed(test::netflow5({.count = 1, .sampling = field}, Wire::hex(kRecord5)));
    return h.rows()[0].contains("sampling_rate") ? h.rows()[0].at("sampling_rate") : "null";
  };
  EXPECT_EQ(rate(0x4064), "100");
  EXPECT_EQ(rate(0xc3e8), "1000");
  EXPECT_EQ(rate(0x0001), "1");
  EXPECT_EQ(rate(0x8000), "null");
  EXPECT_EQ(rate(0x0000), "null");
}

TEST(NetflowV5, IcmpTypeAndCodeAreInTheDestinationPort) {
  Wire record = Wire::hex(R"(c0000201 c6336402 00000000 0001 0002 00000001 00000054 0036d710 0036e8a4 0000 0301
                             00 00 01 00 0000 0000 00 00 0000)");
  Harness h;
  h.feed(test::netflow5({.count = 2}, Wire().add(record).add(Wire::hex(kRecord5))));
  EXPECT_EQ(h.rows()[0].at("icmp_type"), "3");
  EXPECT_EQ(h.rows()[0].at("icmp_code"), "1");
  EXPECT_FALSE(h.rows()[1].contains("icmp_type"));
}

TEST(NetflowV5, UptimeWrapsBetweenFlowAndExport) {
  // Up for 49.7 days and 5 s: the flow began 10 s ago, before the wrap.
  const Wire record = Wire::hex(R"(c0000201 c6336402 00000000 0001 0002 00000001 00000054 ffffec78 00000bb8 0000 0000
                                   00 00 11 00 0000 0000 00 00 0000)");
  Harness h;
  h.feed(test::netflow5({.uptime_ms = 5000, .count = 1}, record));
  EXPECT_EQ(h.rows()[0].at("time_flow_start"), "2023-11-14T22:13:10.000000Z");
  EXPECT_EQ(h.rows()[0].at("time_flow_end"), "2023-11-14T22:13:18.000000Z");
}

TEST(NetflowV5, TimeOfFlowsIsNotMixedUpWithSeconds) {
  // Another collector computes seconds - milliseconds: 15 s before the export became 15,000 s.
  const Wire record = Wire::hex(R"(c0000201 c6336402 00000000 0001 0002 00000001 00000054 0036b3e8 0036ee80 0000 0000
                                   00 00 11 00 0000 0000 00 00 0000)");
  Harness h;
  h.feed(test::netflow5({.count = 1}, record));
  EXPECT_EQ(h.rows()[0].at("time_flow_start"), "2023-11-14T22:13:05.000000Z");
}

TEST(NetflowV5, TimesOfFlowsAreWholeMilliseconds) {
  Harness h;
  h.feed(test::netflow5({.count = 1, .nanoseconds = 123'999'999}, Wire::hex(kRecord5)));
  h.feed(test::netflow5({.sequence = 1, .count = 1, .nanoseconds = 123'000'001}, Wire::hex(kRecord5)));
  EXPECT_EQ(h.rows()[0].at("time_flow_start"), "2023-11-14T22:13:14.123000Z");
  EXPECT_EQ(h.rows()[0].at("time_flow_start"), h.rows()[1].at("time_flow_start"));
}

TEST(NetflowV5, FlowsWithoutPortsAreKept) {
  const Wire record = Wire::hex(R"(c0000201 c6336402 00000000 0001 0002 00000001 00000054 0036b3e8 0036ee80 0000 0000
                                   00 00 2f 00 0000 0000 00 00 0000)");
  Harness h;
  h.feed(test::netflow5({.count = 1}, record));
  ASSERT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.rows()[0].at("proto"), "47");
}

TEST(NetflowV5, SequenceCountsFlows) {
  const Wire record = Wire::hex(kRecord5);
  Harness h;
  h.feed(test::netflow5({.sequence = 100, .count = 1}, record));
  h.feed(test::netflow5({.sequence = 101, .count = 1}, record));
  EXPECT_EQ(h.anomalies(), "");
  h.feed(test::netflow5({.sequence = 105, .count = 1}, record));
  EXPECT_EQ(h.counters().lost_units, 3u);
  EXPECT_EQ(h.anomalies(), "sequence_gap");
  h.feed(test::netflow5({.sequence = 103, .count = 1}, record));
  EXPECT_EQ(h.counters().lost_units, 2u) << "it came after all";
  EXPECT_EQ(h.anomalies(), "sequence_gap sequence_reordered");
  h.feed(test::netflow5({.sequence = 106, .count = 1}, record));
  EXPECT_EQ(h.anomalies(), "sequence_gap sequence_reordered");
}

TEST(NetflowV5, EnginesHaveSequencesOfTheirOwn) {
  const Wire record = Wire::hex(kRecord5);
  Harness h;
  h.feed(test::netflow5({.sequence = 100, .domain = 1, .count = 1}, record));
  h.feed(test::netflow5({.sequence = 900000, .domain = 2, .count = 1}, record));
  h.feed(test::netflow5({.sequence = 101, .domain = 1, .count = 1}, record));
  EXPECT_EQ(h.anomalies(), "");
}

TEST(NetflowV5, SeveralMessagesInOneDatagram) {
  const Wire message = datagram5();
  const Wire three = Wire().add(message).add(message).add(message);
  DecoderOptions one;
  one.several_messages = false;
  Harness first_only(one);
  first_only.feed(three);
  EXPECT_EQ(first_only.rows().size(), 1u);
  EXPECT_EQ(first_only.count(Anomaly::trailing_bytes), 1u);
  Harness all;
  all.feed(three);
  EXPECT_EQ(all.rows().size(), 3u);
  EXPECT_EQ(all.count(Anomaly::trailing_bytes), 0u);
  EXPECT_EQ(all.counters().datagrams_decoded, 1u);
}

TEST(NetflowV1, EveryFieldOfTheFigure) {
  const Wire bytes = Wire::hex(R"(
    0001 0001 0036ee80 6553f100 00000000        # header
    c0000201 c6336402 cb007103 0005 0006        # addresses, interfaces
    0000000a 00003039 0036d710 0036e8a4         # packets, bytes, first, last
    1f90 01bb 0000 06 48 1b 00 0000 00000000    # ports, pad, TCP, ToS, flags, pad
  )");
  Harness h;
  h.feed(bytes);
  ASSERT_EQ(h.rows().size(), 1u);
  Row row = h.rows()[0];
  EXPECT_EQ(row.at("type"), "5");
  EXPECT_EQ(row.at("proto"), "6");
  EXPECT_EQ(row.at("ip_tos"), "72");
  EXPECT_EQ(row.at("tcp_flags"), "27");
  EXPECT_EQ(row.at("dst_port"), "443");
  EXPECT_FALSE(row.contains("src_as"));
  EXPECT_EQ(h.anomalies(), "");
  // The same with records of 52 bytes.
  Harness longer;
  longer.feed(Wire().add(bytes).zeros(4));
  EXPECT_EQ(longer.rows(), h.rows());
  EXPECT_EQ(longer.anomalies(), "");
}

TEST(NetflowV7, EveryFieldOfTheFigure) {
  Harness h;
  h.feed(Wire::hex(R"(
    0007 0001 0036ee80 6553f100 00000000 00000001 00000000  # header
    c0000201 c6336402 cb007103 0005 0006
    0000000a 00003039 0036d710 0036e8a4
    1f90 01bb 00 1b 06 48 fde8 fde9 18 10 0000
    0a0000fe                                                # the bypassed router
  )"));
  ASSERT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.rows()[0].at("type"), "6");
  EXPECT_EQ(h.rows()[0].at("src_as"), "65000");
  EXPECT_EQ(h.rows()[0].at("dst_net"), "16");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(NetflowV5, InspectionShowsTheRecordAsItWas) {
  Decoder decoder({});
  test::TextSink sink;
  decoder.inspect(test::datagram(datagram5()), sink);
  ASSERT_EQ(sink.records.size(), 1u);
  EXPECT_EQ(
      sink.records[0],
      "0/1 0:8=c0000201 0:12=c6336402 0:15=cb007103 0:10=0005 0:14=0006 0:2=0000000a 0:1=00003039 0:22=0036d710 "
      "0:21=0036e8a4 0:7=1f90 0:11=01bb 0:210=00 0:6=1b 0:4=06 0:5=48 0:16=fde8 0:17=fde9 0:9=18 0:13=10 0:210=0000");
}

}  // namespace
}  // namespace weir::decode
