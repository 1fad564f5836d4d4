// Two decoders that receive, each, a part of one exporter's datagrams: together they know what one would.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "decode/session/shared_exporter.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};
const std::vector<FieldOf> kPortsReversed = {{11, 2}, {7, 2}};

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'001 + second) * 1'000'000); }

struct Decoders {
  explicit Decoders(const DecoderOptions& options = {}) : of{Harness(options), Harness(options)} {
    for (Harness& h : of) h.decoder.set_shared(&shared);
  }
  void feed(size_t decoder, const Wire& bytes, int64_t second = 0, uint16_t port = 50000) {
    of[decoder].feed(test::datagram(bytes, port, test::kExporter, at(second)));
  }
  // As the pipeline does once a second.
  void tick(int64_t second) {
    for (Harness& h : of) {
      h.decoder.take_shared(h.builder);
      h.decoder.expire(at(second));
    }
  }
  flow::ExporterCounters counters() const {
    flow::ExporterCounters sum = of[0].counters();
    return sum += of[1].counters();
  }
  uint64_t count(Anomaly anomaly) const { return counters().anomalies[anomaly]; }
  std::string imbalance() {
    const std::string first = of[0].imbalance();
    return first + of[1].imbalance();
  }

  SharedExporters shared;
  std::array<Harness, 2> of;
};

// Messages of one exporter, a second apart.
struct V9 {
  uint32_t number = 0;
  uint32_t uptime_ms = 3'600'000;
  int64_t second = 0;
  Wire next(const Wire& sets, uint16_t count) {
    const Wire message = test::netflow9({.sequence = number++,
                                         .seconds = static_cast<uint32_t>(1'700'000'001 + second),
                                         .uptime_ms = uptime_ms,
                                         .count = count},
                                        sets);
    ++second;
    uptime_ms += 1000;
    return message;
  }
  Wire templates(const std::vector<FieldOf>& fields) {
    return next(test::set(0, test::template_record(256, fields)), 1);
  }
  Wire data(uint16_t src, uint16_t dst) { return next(test::set(256, Wire().u16(src).u16(dst)), 1); }
};

TEST(Sharing, ATemplateHoldsForAllAtOnce) {
  Decoders d;
  V9 exporter;
  d.feed(0, exporter.templates(kPorts));
  for (uint16_t i = 0; i < 20; ++i) d.feed(i % 2, exporter.data(1000 + i, 443), i);
  EXPECT_EQ(d.of[0].rows().size(), 10u);
  ASSERT_EQ(d.of[1].rows().size(), 10u);
  EXPECT_EQ(d.of[1].rows()[0].at("src_port"), "1001");
  d.tick(100);
  d.feed(1, exporter.data(1020, 443), 100);
  EXPECT_EQ(d.of[1].rows().size(), 11u) << "it does not expire before its time";
  EXPECT_EQ(d.counters().anomalies, flow::AnomalyCounts{});
  EXPECT_EQ(d.counters().templates_received, 1u);
  EXPECT_EQ(d.imbalance(), "");
  EXPECT_EQ(d.counters().lost_units, 0u);
}

TEST(Sharing, DataBeforeItsTemplateIsDecodedWhenAnotherDecoderGetsIt) {
  Decoders d;
  V9 exporter;
  d.feed(0, exporter.data(1, 2));
  d.feed(1, exporter.data(3, 4));
  EXPECT_EQ(d.counters().early_sets_held, 2u);
  d.feed(0, exporter.templates(kPorts));
  EXPECT_EQ(d.of[0].rows().size(), 1u);
  EXPECT_EQ(d.of[1].rows().size(), 0u);
  d.feed(1, exporter.data(5, 6));
  EXPECT_EQ(d.of[1].rows().size(), 2u) << "with its next datagram";
  EXPECT_EQ(d.counters().early_sets_held, 0u);

  // And without one.
  d.feed(1, exporter.next(test::set(300, Wire().u16(7).u16(8)), 1));
  d.feed(0, exporter.next(test::set(0, test::template_record(300, kPorts)), 1));
  EXPECT_EQ(d.of[1].rows().size(), 2u);
  d.tick(5);
  ASSERT_EQ(d.of[1].rows().size(), 3u);
  EXPECT_EQ(d.of[1].rows()[2].at("src_port"), "7");
  EXPECT_EQ(d.counters().undecodable_sets, 0u);
  EXPECT_EQ(d.imbalance(), "");
}

TEST(Sharing, ATemplateThatChangesMidway) {
  for (const size_t redefines : {0, 1}) {
    Decoders d;
    V9 exporter;
    d.feed(0, exporter.templates(kPorts));
    const Wire again = exporter.templates(kPorts);
    for (uint16_t i = 0; i < 4; ++i) d.feed(i % 2, exporter.data(80, 443));
    d.feed(redefines, exporter.templates(kPortsReversed));
    for (uint16_t i = 0; i < 4; ++i) d.feed(i % 2, exporter.data(443, 80));
    d.feed(1 - redefines, again);  // overtaken: it is no news
    for (uint16_t i = 0; i < 4; ++i) d.feed(i % 2, exporter.data(443, 80));
    for (Harness& h : d.of) {
      EXPECT_EQ(h.rows().size(), 6u);
      for (const test::Row& row : h.rows()) EXPECT_EQ(row.at("src_port") + ":" + row.at("dst_port"), "80:443");
    }
    EXPECT_EQ(d.count(Anomaly::template_redefined), 1u);
    EXPECT_EQ(d.imbalance(), "");
    EXPECT_EQ(d.count(Anomaly::sequence_gap), 0u);
  }
}

TEST(Sharing, ARestartIsSeenOnceAndWhatLagsIsReadWithTemplatesOfBefore) {
  Decoders d;
  V9 exporter{.number = 50'000};
  d.feed(0, exporter.templates(kPorts));
  for (uint16_t i = 0; i < 20; ++i) d.feed(i % 2, exporter.data(80, 443), exporter.second);
  const Wire straggler = exporter.data(80, 443);
  const Wire straggling_template = exporter.templates(kPorts);
  V9 again{.number = 0, .uptime_ms = 5000, .second = exporter.second + 60};
  for (uint16_t i = 0; i < 4; ++i) d.feed(i % 2, again.data(443, 80), again.second);
  EXPECT_EQ(d.counters().early_sets_held, 4u) << "the old template does not fit";
  // A decoder that lags brings what was sent before the restart.
  d.feed(1, straggler, again.second);
  d.feed(0, straggling_template, again.second);
  EXPECT_EQ(d.counters().early_sets_held, 4u);
  d.feed(1, again.templates(kPortsReversed), again.second);
  for (uint16_t i = 0; i < 20; ++i) d.feed(i % 2, again.data(443, 80), again.second);
  d.tick(again.second);
  EXPECT_EQ(d.of[0].rows().size() + d.of[1].rows().size(), 45u);
  for (Harness& h : d.of) {
    for (const test::Row& row : h.rows()) EXPECT_EQ(row.at("src_port"), "80");
  }
  EXPECT_EQ(d.imbalance(), "");
  EXPECT_EQ(d.count(Anomaly::exporter_restart), 1u);
  EXPECT_EQ(d.count(Anomaly::sequence_gap), 0u);
  EXPECT_EQ(d.counters().lost_units, 0u);
  EXPECT_EQ(d.counters().undecodable_sets, 0u);
}

TEST(Sharing, SamplingRatesAndNamesHoldForAll) {
  Decoders d;
  // Another source id than that of the flows, as Cisco IOS XE has it.
  const Wire options =
      test::ipfix({.domain = 6}, test::set(3, test::options_record_ipfix(300, {{10, 4}}, {{82, 4}, {34, 4}}))
                                     .add(test::set(300, Wire().u32(7).text("eth7").u32(100))));
  const std::vector<FieldOf> fields = {{10, 4}, {7, 2}};
  d.feed(1, test::ipfix({.domain = 256}, test::set(2, test::template_record(256, fields))));
  d.feed(0, options);
  for (const size_t decoder : {0, 1}) {
    d.feed(decoder, test::ipfix({.sequence = static_cast<uint32_t>(decoder), .domain = 256},
                                test::set(256, Wire().u32(7).u16(80))));
    ASSERT_EQ(d.of[decoder].rows().size(), 1u);
    const test::Row& row = d.of[decoder].rows()[0];
    EXPECT_EQ(row.at("sampling_rate"), "100") << decoder;
    EXPECT_EQ(row.at("in_if_name"), "eth7") << decoder;
  }
  d.feed(1, test::ipfix({.sequence = 1, .domain = 6}, test::set(300, Wire().u32(7).text("eth8").u32(200))));
  d.feed(0, test::ipfix({.sequence = 2, .domain = 256}, test::set(256, Wire().u32(7).u16(80))));
  EXPECT_EQ(d.of[0].rows()[1].at("sampling_rate"), "200") << "what another one heard later wins";
  EXPECT_EQ(d.of[0].rows()[1].at("in_if_name"), "eth8");
  EXPECT_EQ(d.imbalance(), "");
}

TEST(Sharing, NetflowV5CountsWhatWasLostOnce) {
  Decoders d;
  const auto message = [](uint32_t number) {
    return test::netflow5({.sequence = number, .uptime_ms = 3'600'000 + number, .count = 2}, Wire().zeros(96));
  };
  d.feed(0, message(0));
  for (uint32_t i = 1; i < 100; ++i) {
    if (i % 10 != 5) d.feed(i * 7 % 3 == 0 ? 0 : 1, message(2 * (i ^ 1)));  // neighbours the wrong way round
  }
  EXPECT_EQ(d.imbalance(), "");
  EXPECT_EQ(d.count(Anomaly::exporter_restart), 0u);
  EXPECT_EQ(d.count(Anomaly::sequence_reordered), 1u) << "0 came twice, as the neighbour of 1";
  EXPECT_EQ(d.counters().lost_units, 2u * 11) << "4, 14, 24 and so on, and 1";
}

TEST(Sharing, WhatIsKnownOfBeforeIsSharedToo) {
  struct Source : StateSource {
    std::vector<SessionStatePtr> sessions;
    std::vector<SessionStatePtr> sessions_of(const IpAddress&) const override { return sessions; }
  } source;
  V9 exporter;
  {
    Harness before;
    before.feed(test::datagram(exporter.templates(kPorts), 50000, test::kExporter, at(0)));
    source.sessions = before.decoder.take_changes(at(1)).changed;
  }
  Decoders d;
  for (Harness& h : d.of) h.decoder.set_state_source(&source);
  for (uint16_t i = 0; i < 10; ++i) d.feed(i % 2, exporter.data(80, 443), i);
  EXPECT_EQ(d.of[0].rows().size() + d.of[1].rows().size(), 10u);
  EXPECT_EQ(d.counters().anomalies, flow::AnomalyCounts{});
  // A new definition wins over what either of them had.
  d.feed(0, exporter.templates(kPortsReversed), 20);
  for (uint16_t i = 0; i < 10; ++i) d.feed(i % 2, exporter.data(443, 80), 20 + i);
  for (Harness& h : d.of) {
    for (const test::Row& row : h.rows()) EXPECT_EQ(row.at("src_port"), "80");
  }
  EXPECT_EQ(d.imbalance(), "");
}

TEST(Sharing, ASessionThatWasEvictedHereIsAskedForAgain) {
  DecoderOptions options;
  options.limits.sessions = 2;
  Decoders d(options);
  const auto message = [](uint32_t domain, const Wire& sets) { return test::ipfix({.domain = domain}, sets); };
  d.feed(0, message(1, test::set(2, test::template_record(256, kPorts))));
  d.feed(1, message(2, test::set(2, test::template_record(256, kPorts))));
  for (const uint32_t domain : {3, 4, 5}) d.feed(1, message(domain, test::set(2, test::template_record(256, kPorts))));
  d.feed(1, message(1, test::set(256, Wire().u16(1).u16(2))));
  EXPECT_EQ(d.of[1].rows().size(), 1u);
  EXPECT_EQ(d.imbalance(), "");
}

// As it is: two threads, each with its own datagrams, templates again and again, and one that changes.
TEST(Sharing, InTwoThreads) {
  constexpr uint32_t kMessages = 20'000;
  V9 exporter;
  std::array<std::vector<Wire>, 2> messages;
  std::mt19937 random(7);
  uint64_t records = 0;
  for (uint32_t i = 0; i < kMessages; ++i) {
    exporter.second = i / 1000;
    exporter.uptime_ms = 3'600'000 + i;
    const bool announces = i % 50 == 0;
    messages[random() % 2].push_back(announces ? exporter.templates(kPorts) : exporter.data(80, 443));
    records += announces ? 0 : 1;
  }
  Decoders d;
  std::array<std::thread, 2> threads;
  for (size_t t = 0; t < 2; ++t) {
    threads[t] = std::thread([&, t] {
      for (const Wire& message : messages[t]) d.feed(t, message);
    });
  }
  for (std::thread& thread : threads) thread.join();
  d.tick(0);
  EXPECT_EQ(d.of[0].rows().size() + d.of[1].rows().size(), records);
  for (Harness& h : d.of) {
    for (const test::Row& row : h.rows()) ASSERT_EQ(row.at("src_port"), "80");
  }
  EXPECT_EQ(d.imbalance(), "");
  EXPECT_EQ(d.counters().undecodable_sets, 0u);
  EXPECT_EQ(d.count(Anomaly::exporter_restart), 0u);
  EXPECT_EQ(d.count(Anomaly::sequence_gap), 0u);
  EXPECT_EQ(d.counters().lost_units, 0u);
}

}  // namespace
}  // namespace weir::decode
