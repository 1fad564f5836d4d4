// What is remembered between datagrams: templates and their life, early data, sampling, sequence numbers.
#include "decode/session/session.h"

#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};

Wire ports_template(uint16_t id = 256) { return test::set(2, test::template_record(id, kPorts)); }
Wire ports_data(uint32_t value, uint16_t id = 256) { return test::set(id, Wire().u32(value)); }

// A v9 message that advances one second and one sequence number at a time.
Wire v9_at(uint32_t second, const Wire& sets, uint32_t domain = 0) {
  return test::netflow9(
      {.sequence = second, .domain = domain, .seconds = 1'700'000'000 + second, .uptime_ms = 3'600'000 + second * 1000},
      sets);
}
Wire v9_template(const std::vector<FieldOf>& fields, uint16_t id = 256) {
  return test::set(0, test::template_record(id, fields));
}

uint64_t sampling(const test::Row& row) {
  return row.contains("sampling_rate") ? std::stoull(row.at("sampling_rate")) : 0;
}

TEST(Templates, AnUnknownOneCostsOnlyItsOwnSets) {
  Harness h;
  h.feed(test::ipfix({}, ports_template().add(ports_data(1)).add(ports_data(9, 300)).add(ports_data(2))));
  EXPECT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.anomalies(), "missing_template");
  EXPECT_EQ(h.counters().early_sets_held, 1u);
  EXPECT_EQ(h.imbalance(), "");
  EXPECT_EQ(h.counters().undecodable_sets, 1u);
}

TEST(Templates, EarlyDataIsDecodedAsItWouldHaveBeen) {
  Harness h;
  const auto at = [](uint32_t seconds) { return timestamp_from_us(int64_t{1'700'000'000 + seconds} * 1'000'000); };
  const std::vector<FieldOf> fields = {{22, 4}, {7, 2}};
  const Wire early = test::netflow9({.sequence = 1, .uptime_ms = 60'000}, test::set(256, Wire().u32(59'000).u16(80)));
  const Wire later = test::netflow9({.sequence = 2, .seconds = 1'700'000'600, .uptime_ms = 660'000},
                                    v9_template(fields).add(test::set(256, Wire().u32(659'000).u16(81))));
  h.feed(test::datagram(early, 50000, test::kExporter, at(1)));
  EXPECT_EQ(h.rows().size(), 0u);
  h.feed(test::datagram(later, 50000, test::kExporter, at(601)));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.rows()[0].at("src_port"), "80");
  EXPECT_EQ(h.rows()[0].at("time_flow_start"), "2023-11-14T22:13:19.000000Z") << "by its own message";
  EXPECT_EQ(h.rows()[0].at("time_received"), "2023-11-14T22:13:21.000000Z");
  EXPECT_EQ(h.rows()[1].at("time_flow_start"), "2023-11-14T22:23:19.000000Z");
  EXPECT_EQ(h.counters().early_sets_decoded, 1u);
  EXPECT_EQ(h.imbalance(), "");
  EXPECT_EQ(h.counters().undecodable_sets, 0u);
}

TEST(Templates, EarlyDataKeepsTheNumberOfItsDatagram) {
  Decoder decoder({});
  test::TextSink sink;
  decoder.set_datagram_number(41);
  decoder.inspect(test::datagram(test::ipfix({}, ports_data(1))), sink);
  decoder.inspect(test::datagram(test::ipfix({}, ports_template().add(ports_data(2)))), sink);
  EXPECT_EQ(sink.datagrams, (std::vector<uint64_t>{41, 42}));
  EXPECT_EQ(sink.records, (std::vector<std::string>{"256/1 0:7=0000 0:11=0001", "256/1 0:7=0000 0:11=0002"}));
}

TEST(Templates, DataBeforeItsTemplateInOneDatagram) {
  Harness h;
  h.feed(test::ipfix({}, ports_data(1).add(ports_template())));
  EXPECT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Templates, EarlyDataIsGivenUpAfterAWhile) {
  Harness h;
  h.feed(test::ipfix({}, ports_data(1)));
  const Timestamp received = timestamp_from_us(1'700'000'001'000'000);
  h.decoder.expire(received + std::chrono::seconds(1800));
  EXPECT_EQ(h.counters().early_sets_held, 1u);
  h.decoder.expire(received + std::chrono::seconds(1801));
  EXPECT_EQ(h.counters().early_sets_held, 0u);
  EXPECT_EQ(h.counters().undecodable_sets, 1u);
  h.feed(test::ipfix({}, ports_template()));
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Templates, RedefinitionInTheMiddleOfADatagram) {
  Harness h;
  h.feed(test::ipfix({}, ports_template()
                             .add(ports_data(0x00500051))
                             .add(test::set(2, test::template_record(256, {{1, 4}})))
                             .add(ports_data(7))));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.rows()[0].at("dst_port"), "81") << "decoded with the template of its time";
  EXPECT_EQ(h.rows()[1].at("bytes"), "7");
  EXPECT_EQ(h.anomalies(), "template_redefined");
}

TEST(Templates, RepeatingOneIsNoRedefinition) {
  Harness h;
  for (uint32_t i = 0; i < 5; ++i) h.feed(test::ipfix({.sequence = i}, ports_template().add(ports_data(1))));
  EXPECT_EQ(h.rows().size(), 5u);
  EXPECT_EQ(h.counters().templates_received, 5u);
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Templates, OneIdAsDataThenAsOptionsTemplateAndBack) {
  Harness h;
  const Wire options = test::set(3, test::options_record_ipfix(256, {{149, 4}}, {{34, 4}}));
  h.feed(test::ipfix({}, ports_template()
                             .add(ports_data(1))
                             .add(options)
                             .add(test::set(256, Wire().u32(0).u32(100)))
                             .add(ports_template())
                             .add(ports_data(2))));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.counters().option_records, 1u);
  EXPECT_EQ(sampling(h.rows()[1]), 100u);
  EXPECT_EQ(h.anomalies(), "template_redefined*2");
}

// RFC 7011 section 8 forbids withdrawals over UDP, where anybody can forge them.
TEST(Templates, WithdrawalsOverUdpAreIgnored) {
  Harness h;
  h.feed(test::ipfix({}, ports_template(256).add(ports_data(1, 256))));
  h.feed(test::ipfix({.sequence = 1}, test::set(2, Wire().u16(256).u16(0)).add(ports_data(2, 256))));
  h.feed(test::ipfix({.sequence = 2}, test::set(2, Wire().u16(2).u16(0)).add(ports_data(3, 256))));
  EXPECT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.anomalies(), "withdrawal_ignored*2");
}

TEST(Templates, WithdrawalInAConnection) {
  Harness h;
  const auto feed = [&](const Wire& bytes) {
    Datagram datagram = test::datagram(bytes);
    datagram.connection = 1;
    h.feed(datagram);
  };
  feed(test::ipfix({}, ports_template(256).add(ports_template(257)).add(ports_data(1, 256)).add(ports_data(1, 257))));
  feed(test::ipfix({.sequence = 2},
                   test::set(2, Wire().u16(256).u16(0)).add(ports_data(2, 256)).add(ports_data(2, 257))));
  EXPECT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.anomalies(), "missing_template template_withdrawn");
  feed(test::ipfix({.sequence = 4}, test::set(2, Wire().u16(2).u16(0)).add(ports_data(3, 257))));
  EXPECT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.count(Anomaly::template_withdrawn), 2u);
  feed(test::ipfix({.sequence = 5}, test::set(2, Wire().u16(777).u16(0))));
  EXPECT_EQ(h.count(Anomaly::template_withdrawn), 2u) << "of one that never was";
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Templates, AreEachStreamsOwn) {
  Harness h;
  h.feed(test::ipfix({}, ports_template()), 1000);
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{1, 4}}))), 2000);
  h.feed(test::ipfix({}, ports_data(0x00500051)), 1000);
  h.feed(test::ipfix({}, ports_data(0x00500051)), 2000);
  h.feed(test::ipfix({}, ports_data(0x00500051)), 3000);
  ASSERT_EQ(h.rows().size(), 2u) << "of the third nobody knows what it means";
  EXPECT_EQ(h.rows()[0].at("dst_port"), "81");
  EXPECT_EQ(h.rows()[1].at("bytes"), "5242961");
  h.feed(test::ipfix({.sequence = 1}, ports_template()), 3000);
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.rows()[2].at("dst_port"), "81");
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Templates, DomainsAndExportersAreApart) {
  Harness h;
  const IpAddress v6_a = *IpAddress::parse("2001:db8::1:0:0:1");
  const IpAddress v6_b = *IpAddress::parse("2001:db8::2:0:0:1");  // the same last 32 bits
  h.feed(test::ipfix({.domain = 1}, ports_template()), 50000, v6_a);
  h.feed(test::ipfix({.domain = 2}, ports_data(1)), 50000, v6_a);
  h.feed(test::ipfix({.domain = 1}, ports_data(1)), 50000, v6_b);
  EXPECT_EQ(h.rows().size(), 0u);
  h.feed(test::ipfix({.domain = 1}, ports_data(1)), 50000, v6_a);
  EXPECT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Templates, ExpireWhenNeitherAnnouncedNorUsed) {
  DecoderOptions options;
  options.limits.template_lifetime = std::chrono::seconds(3600);
  Harness h(options);
  const Timestamp start = timestamp_from_us(1'700'000'000'000'000);
  const auto at = [&](int minutes) { return start + std::chrono::minutes(minutes); };
  h.feed(test::datagram(test::ipfix({}, ports_template()), 1, test::kExporter, at(0)));
  h.decoder.expire(at(50));
  h.feed(test::datagram(test::ipfix({}, ports_data(1)), 1, test::kExporter, at(50)));
  h.decoder.expire(at(100));
  h.feed(test::datagram(test::ipfix({.sequence = 1}, ports_data(1)), 1, test::kExporter, at(100)));
  EXPECT_EQ(h.rows().size(), 2u);
  h.decoder.expire(at(161));
  EXPECT_EQ(h.anomalies(), "template_expired");
  h.feed(test::datagram(test::ipfix({.sequence = 2}, ports_data(1)), 1, test::kExporter, at(162)));
  EXPECT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Restart, DiscardsTemplatesOfNetflow9) {
  Harness h;
  h.feed(v9_at(1, v9_template(kPorts).add(ports_data(1))));
  h.feed(v9_at(2, ports_data(2)));
  EXPECT_EQ(h.rows().size(), 2u);
  // Up for a second only, 300 s later; the id means something else now, but the template comes with the next message.
  h.feed(test::netflow9({.sequence = 0, .seconds = 1'700'000'302, .uptime_ms = 1000}, ports_data(3)));
  EXPECT_EQ(h.rows().size(), 2u) << "not with a template of before";
  h.feed(test::netflow9({.sequence = 1, .seconds = 1'700'000'303, .uptime_ms = 2000}, v9_template({{1, 4}})));
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.rows()[2].at("bytes"), "3");
  EXPECT_EQ(h.count(Anomaly::exporter_restart), 1u);
  EXPECT_EQ(h.counters().lost_units, 0u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Restart, TemplatesOfTheSameMessageCount) {
  Harness h;
  h.feed(v9_at(1, v9_template(kPorts).add(ports_data(1))));
  h.feed(test::netflow9({.sequence = 0, .seconds = 1'700'000'302, .uptime_ms = 1000},
                        v9_template(kPorts).add(ports_data(3))));
  EXPECT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.count(Anomaly::missing_template), 0u);
}

TEST(Restart, ReorderingAndTheWrapOfUptimeAreNone) {
  Harness h;
  h.feed(v9_at(10, v9_template(kPorts).add(ports_data(1))));
  h.feed(v9_at(11, ports_data(1)));
  h.feed(v9_at(9, ports_data(1)));
  h.feed(v9_at(12, ports_data(1)));
  EXPECT_EQ(h.count(Anomaly::exporter_restart), 0u);
  EXPECT_EQ(h.rows().size(), 4u);

  Harness wrap;
  wrap.feed(test::netflow9({.sequence = 1, .seconds = 1'700'000'000, .uptime_ms = UINT32_MAX - 5000},
                           v9_template(kPorts).add(ports_data(1))));
  wrap.feed(test::netflow9({.sequence = 2, .seconds = 1'700'000'010, .uptime_ms = 4999}, ports_data(1)));
  EXPECT_EQ(wrap.count(Anomaly::exporter_restart), 0u);
  EXPECT_EQ(wrap.rows().size(), 2u);
}

TEST(Restart, DataHeldFromBeforeIsNotReadWithTemplatesOfAfter) {
  Harness h;
  h.feed(v9_at(1, ports_data(1, 300)));
  h.feed(test::netflow9({.sequence = 0, .seconds = 1'700'000'302, .uptime_ms = 1000}, v9_template({{1, 4}}, 300)));
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.imbalance(), "");
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.counters().undecodable_sets, 1u);
}

TEST(Sequence, TableOfEvents) {
  struct Observation {
    uint32_t number;
    uint32_t units;
    int64_t second;
    SequenceEvent want;
    uint64_t lost;
  };
  using enum SequenceEvent;
  const Observation table[] = {
      {100, 10, 1, first, 0},
      {110, 10, 1, in_order, 0},
      {140, 10, 2, gap, 20},
      {120, 10, 1, reordered, 10},
      {150, 0, 2, in_order, 0},
      {150, 10, 3, in_order, 0},
      {150, 10, 3, reordered, 10},  // twice: no more is taken back than was missing
      {150, 10, 3, reordered, 0},
      {160, 10, 3, in_order, 0},
      {0, 10, 99, restart, 0},  // behind, yet exported later
      {10, 10, 99, in_order, 0},
      {0x7fffffff, 10, 200, restart, 0},
      {0x80000009, 10, 200, in_order, 0},
      {0x90000000, 10, 8, restart, 0},
      {0x90000000 + 10 + SequenceState::kMaxGap, 10, 211, gap, SequenceState::kMaxGap},
  };
  SequenceState state;
  for (const Observation& o : table) {
    uint64_t lost = 0;
    EXPECT_EQ(state.observe(o.number, o.units, o.second * 1'000'000, lost), o.want) << o.number;
    EXPECT_EQ(lost, o.lost) << o.number;
  }
  SequenceState wraps;
  uint64_t lost = 0;
  wraps.observe(UINT32_MAX - 4, 10, 0, lost);
  EXPECT_EQ(wraps.observe(5, 1, 0, lost), in_order);
}

// A process that is started again within a second: the messages of its new sequence are not behind in time.
TEST(Sequence, ARestartWithinASecondIsSeenByTheRun) {
  using enum SequenceEvent;
  SequenceState state;
  uint64_t lost = 0;
  for (uint32_t i = 0; i < 100; ++i) state.observe(i * 10, 10, 5'000'000, lost);
  for (uint32_t i = 0; i + 1 < SequenceState::kRunOfNewSequence; ++i) {
    EXPECT_EQ(state.observe(i * 10, 10, 5'000'000, lost), reordered) << i;
  }
  uint32_t number = (SequenceState::kRunOfNewSequence - 1) * 10;
  EXPECT_EQ(state.observe(number, 10, 5'000'000, lost), restart);
  EXPECT_EQ(state.observe(number + 10, 10, 5'000'000, lost), in_order);
  EXPECT_EQ(state.observe(number + 40, 10, 5'000'000, lost), gap);
  EXPECT_EQ(lost, 20u);

  // Overtaken ones have holes between them.
  SequenceState busy;
  for (uint32_t i = 0; i < 200; ++i) busy.observe(i * 10, 10, 5'000'000, lost);
  for (uint32_t i = 0; i < 60; ++i) EXPECT_EQ(busy.observe(i * 20, 10, 5'000'000, lost), reordered) << i;
  EXPECT_EQ(busy.observe(2000, 10, 5'000'000, lost), in_order);
}

TEST(Restart, TwoInAShortTimeAndAClockThatJumps) {
  UptimeState state;
  const int64_t second = 1'000'000;
  EXPECT_FALSE(state.restarted(5'000, 100 * second));
  EXPECT_FALSE(state.restarted(8'000, 103 * second));
  // Again up for five seconds: too little to be told from a datagram that was overtaken.
  for (uint32_t i = 0; i < 20; ++i) EXPECT_FALSE(state.restarted(5'000 + i * 100, 103 * second + i * second / 10)) << i;
  // The clock is set: the uptime goes on, so nothing has happened.
  EXPECT_FALSE(state.restarted(7'000, 50'000 * second));
  EXPECT_TRUE(state.restarted(1'000, 50'010 * second));

  // Up for less than ten seconds, then started anew: what the next second shows is no second restart.
  UptimeState crashing;
  EXPECT_FALSE(crashing.restarted(9'700, 100 * second));
  EXPECT_FALSE(crashing.restarted(5, 100 * second));
  EXPECT_FALSE(crashing.restarted(405, 101 * second));
  EXPECT_TRUE(crashing.restarted(0, 120 * second));
}

TEST(Sequence, ExportersThatIncludeTheMessageItselfAreUnderstood) {
  SequenceState state;
  uint32_t number = 0;
  int64_t lost_in_all = 0;
  size_t gaps = 0;
  const uint32_t sizes[] = {13, 17, 4, 30, 9, 9, 21, 1, 28, 16, 3, 11, 30, 2, 7};
  for (int round = 0; round < 10; ++round) {
    for (const uint32_t units : sizes) {
      number += units;
      uint64_t lost = 0;
      const SequenceEvent event = state.observe(number, units, 1'000'000 * round, lost);
      if (event == SequenceEvent::gap) {
        ++gaps;
        lost_in_all += static_cast<int64_t>(lost);
      } else {
        lost_in_all -= static_cast<int64_t>(lost);
      }
    }
  }
  EXPECT_EQ(lost_in_all, 0);
  EXPECT_LE(gaps, 2u) << "until it was understood";
  // And then a real gap is one.
  uint64_t lost = 0;
  EXPECT_EQ(state.observe(number + 100 + 5, 5, 20'000'000, lost), SequenceEvent::gap);
  EXPECT_EQ(lost, 100u);
}

TEST(Sequence, Netflow9CountsDatagrams) {
  Harness h;
  h.feed(v9_at(1, v9_template(kPorts).add(ports_data(1))));
  h.feed(v9_at(2, test::set(256, Wire().u32(1).u32(2).u32(3))));
  EXPECT_EQ(h.count(Anomaly::sequence_gap), 0u);
  h.feed(v9_at(5, ports_data(1)));
  EXPECT_EQ(h.counters().lost_units, 2u);
}

TEST(Sequence, IpfixCountsDataRecordsAndOptionsDataRecords) {
  Harness h;
  const Wire options = test::set(3, test::options_record_ipfix(257, {{149, 4}}, {{34, 4}}));
  h.feed(test::ipfix({.sequence = 10}, ports_template().add(options).add(ports_data(1))));
  h.feed(
      test::ipfix({.sequence = 11}, test::set(257, Wire().u32(0).u32(100)).add(test::set(256, Wire().u32(1).u32(2)))));
  h.feed(test::ipfix({.sequence = 14}, ports_data(1)));
  EXPECT_EQ(h.anomalies(), "");
  h.feed(test::ipfix({.sequence = 20}, ports_data(1)));
  EXPECT_EQ(h.counters().lost_units, 5u);
}

TEST(Sequence, SetsThatCannotBeCountedMakeNoGap) {
  Harness h;
  h.feed(test::ipfix({.sequence = 10}, ports_template().add(ports_data(1))));
  h.feed(test::ipfix({.sequence = 11}, test::set(300, Wire().u64(1).u64(2))));
  h.feed(test::ipfix({.sequence = 15}, ports_data(1)));
  h.feed(test::ipfix({.sequence = 16}, ports_data(1)));
  EXPECT_EQ(h.count(Anomaly::sequence_gap), 0u);
  EXPECT_EQ(h.counters().lost_units, 0u);
}

TEST(Sampling, FromOptionsByDomain) {
  Harness h;
  const Wire options = test::set(1, test::options_record_v9(257, {{1, 4}}, {{34, 4}, {35, 1}}));
  h.feed(v9_at(1, v9_template(kPorts).add(options).add(ports_data(1))));
  h.feed(v9_at(2, test::set(257, Wire().u32(0).u32(512).u8(2))));
  h.feed(v9_at(3, ports_data(1)));
  h.feed(v9_at(1, v9_template(kPorts).add(ports_data(1)), 77));
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(sampling(h.rows()[0]), 0u) << "not announced yet";
  EXPECT_EQ(sampling(h.rows()[1]), 512u);
  EXPECT_EQ(sampling(h.rows()[2]), 0u) << "another domain";
  EXPECT_EQ(h.counters().sampling_rate, 512u);
}

TEST(Sampling, BySampler) {
  Harness h;
  const Wire templates = v9_template({{7, 2}, {48, 2}}).add(v9_template(kPorts, 258));
  const Wire options = test::set(1, test::options_record_v9(257, {{1, 4}}, {{48, 2}, {49, 1}, {50, 4}}));
  const Wire samplers = test::set(257, Wire().u32(0).u16(1).u8(2).u32(100).u32(0).u16(2).u8(2).u32(1000));
  h.feed(v9_at(1, Wire().add(templates).add(options).add(samplers)));
  h.feed(v9_at(2, test::set(256, Wire().u16(80).u16(1).u16(81).u16(2).u16(82).u16(3)).add(ports_data(1, 258))));
  ASSERT_EQ(h.rows().size(), 4u);
  EXPECT_EQ(sampling(h.rows()[0]), 100u);
  EXPECT_EQ(sampling(h.rows()[1]), 1000u);
  EXPECT_EQ(sampling(h.rows()[2]), 0u) << "a sampler that nobody announced";
  EXPECT_EQ(sampling(h.rows()[3]), 0u) << "one of two samplers, but which";
}

TEST(Sampling, ARecordWithoutSamplerWasSampledByTheOnlyOne) {
  Harness h;
  const Wire options = test::set(1, test::options_record_v9(257, {{1, 4}}, {{48, 1}, {50, 4}}));
  h.feed(
      v9_at(1, v9_template(kPorts).add(options).add(test::set(257, Wire().u32(0).u8(1).u32(100))).add(ports_data(1))));
  EXPECT_EQ(sampling(h.rows().at(0)), 100u);
}

TEST(Sampling, PsampElements) {
  struct Case {
    const char* name;
    std::vector<FieldOf> fields;
    Wire data;
    uint64_t want;
  };
  const Case cases[] = {
      {"1 of 1000", {{305, 4}, {306, 4}}, Wire().u32(1).u32(999), 1000},
      {"10 of 100", {{305, 4}, {306, 4}}, Wire().u32(10).u32(90), 10},
      {"interval without space", {{305, 4}}, Wire().u32(64), 64},
      {"population and size", {{309, 4}, {310, 4}}, Wire().u32(5).u32(500), 100},
      {"size of zero", {{309, 4}, {310, 4}}, Wire().u32(0).u32(500), 0},
      {"interval of zero", {{305, 4}, {306, 4}}, Wire().u32(0).u32(500), 0},
      {"a rate beyond 32 bits", {{34, 8}}, Wire().u64(uint64_t{1} << 40), 0},
  };
  for (const Case& c : cases) {
    Harness h;
    h.feed(test::ipfix({}, test::set(3, test::options_record_ipfix(257, {{149, 4}}, c.fields))
                               .add(test::set(257, Wire().u32(0).add(c.data)))
                               .add(ports_template())
                               .add(ports_data(1))));
    EXPECT_EQ(sampling(h.rows().at(0)), c.want) << c.name;
    // The same in the flow record itself.
    std::vector<FieldOf> fields = {{7, 4}};
    fields.insert(fields.end(), c.fields.begin(), c.fields.end());
    Harness in_record;
    in_record.feed(test::ipfix(
        {}, test::set(2, test::template_record(256, fields)).add(test::set(256, Wire().u32(1).add(c.data)))));
    EXPECT_EQ(sampling(in_record.rows().at(0)), c.want) << c.name;
  }
}

TEST(Sampling, OrderOfAuthority) {
  const Wire options = test::set(3, test::options_record_ipfix(257, {{149, 4}}, {{34, 4}}));
  const Wire message = test::ipfix({}, Wire()
                                           .add(options)
                                           .add(test::set(257, Wire().u32(0).u32(100)))
                                           .add(test::set(2, test::template_record(256, {{7, 2}, {34, 2}})))
                                           .add(test::set(256, Wire().u16(1).u16(64).u16(2).u16(0))));
  Harness h;
  h.feed(message);
  EXPECT_EQ(sampling(h.rows().at(0)), 64u) << "the record's own";
  EXPECT_EQ(sampling(h.rows().at(1)), 100u) << "zero is no rate";
  DecoderOptions configured;
  configured.sampling_rates[test::kExporter] = 2048;
  Harness operators(configured);
  operators.feed(message);
  EXPECT_EQ(sampling(operators.rows().at(0)), 2048u);
  operators.decoder.set_options({});
  operators.feed(message);
  EXPECT_EQ(sampling(operators.rows().at(2)), 64u);
}

TEST(Sampling, IsForgottenByARestart) {
  Harness h;
  const Wire options = test::set(1, test::options_record_v9(257, {{1, 4}}, {{34, 4}}));
  h.feed(v9_at(1, v9_template(kPorts).add(options).add(test::set(257, Wire().u32(0).u32(100)))));
  h.feed(test::netflow9({.sequence = 0, .seconds = 1'700'000'302, .uptime_ms = 1000},
                        v9_template(kPorts).add(ports_data(1))));
  EXPECT_EQ(sampling(h.rows().at(0)), 0u);
}

}  // namespace
}  // namespace weir::decode
