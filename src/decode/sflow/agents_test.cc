// Sequence numbers, drops and the memory of agents.
#include "decode/sflow/sflow_decoder.h"

#include <gtest/gtest.h>

#include "decode/sflow/test_sflow_rows.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using namespace test;

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
    table.find({.exporter = kExporter, .agent = IpAddress::from_v4(i % 7), .sub_agent = i % 2}, {}, ExporterPort{1}, {},
               anomalies);
    for (uint32_t source = 0; source < i % 11; ++source) table.observe_drops({.index = source}, 1, anomalies);
    ASSERT_LE(table.agents(), 3u);
    ASSERT_LE(table.sources(), 8u + 4u);
  }
  EXPECT_GT(anomalies[Anomaly::session_limit], 0u);
  // An agent that was just used is not the one that goes.
  table.find({.exporter = kExporter, .agent = IpAddress::from_v4(1000)}, {}, ExporterPort{1}, {}, anomalies);
  table.observe_drops({.index = 1}, 5, anomalies);
  EXPECT_EQ(table.observe_drops({.index = 1}, 9, anomalies), 4u);
}

}  // namespace
}  // namespace weir::decode
