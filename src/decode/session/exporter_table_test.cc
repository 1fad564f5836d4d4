#include "decode/session/exporter_table.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::FlowType;

constexpr Timestamp kNow = timestamp_from_us(1'700'000'000'000'000);

IpAddress address(uint32_t number) { return IpAddress::from_v4(0x0a000000 + number); }

struct Table {
  explicit Table(size_t sessions = 100)
      : table({.sessions = sessions},
              [this](Session& session) { forgotten += std::to_string(session.key.domain) + " "; }) {}
  Exporter& exporter(uint32_t number) { return table.exporter(address(number), kNow).exporter; }
  // A session of the exporter is used.
  Session& use(uint32_t number, uint32_t domain, uint64_t connection = 0) {
    Exporter& of = exporter(number);
    return table.session(of, {of.address, domain, FlowType::ipfix, connection});
  }
  std::string forgotten;  // domains, in their order
  ExporterTable table;
};

TEST(ExporterTable, FindsWhatItKnows) {
  Table t;
  EXPECT_TRUE(t.table.exporter(address(1), kNow).is_new);
  EXPECT_FALSE(t.table.exporter(address(1), kNow).is_new);
  Session& session = t.use(1, 7);
  EXPECT_EQ(&t.use(1, 7), &session);
  EXPECT_NE(&t.use(1, 8), &session);
  EXPECT_EQ(&t.use(1, 7), &session) << "not the latest, nor the first";
  EXPECT_EQ(t.table.find_session(session.key), &session);
  EXPECT_EQ(t.table.find_session({address(1), 9, FlowType::ipfix}), nullptr);
  EXPECT_EQ(t.table.find_exporter(address(2)), nullptr);
}

TEST(ExporterTable, TheSessionUsedTheLongestAgoGoes) {
  Table t(2);
  t.use(1, 1);
  t.use(1, 2);
  t.use(1, 1);
  t.use(1, 3);
  EXPECT_EQ(t.forgotten, "2 ");
  EXPECT_EQ(t.exporter(1).counters.anomalies[Anomaly::session_limit], 1u);
  EXPECT_FALSE(t.table.has_room());
  EXPECT_TRUE(t.table.forget_oldest_session());
  EXPECT_FALSE(t.table.forget_oldest_session()) << "not the latest";
  EXPECT_EQ(t.forgotten, "2 1 ");
}

TEST(ExporterTable, AnExporterGoesWithItsSessionsAndItsCountsStay) {
  Table t(2);
  t.use(1, 1);
  t.exporter(1).counters.datagrams_received = 5;
  t.use(2, 2);
  t.use(3, 3);
  EXPECT_EQ(t.forgotten, "1 ");
  EXPECT_EQ(t.table.find_exporter(address(1)), nullptr);
  EXPECT_EQ(t.table.forgotten().datagrams_received, 5u);
  EXPECT_EQ(&t.table.counters_of(address(1)), &t.table.forgotten());
  EXPECT_EQ(&t.table.counters_of(address(2)), &t.table.find_exporter(address(2))->counters);
}

// Whoever forges addresses evicts forged addresses.
TEST(ExporterTable, AFloodOfNewcomersEvictsNewcomers) {
  Table t(10);
  t.use(1, 1);
  Exporter& known = t.exporter(1);
  known.counters.datagrams_decoded = ExporterTable::kProvenDatagrams;
  known.counters.last_seen = known.counters.first_seen + ExporterTable::kProvenTime;
  t.use(2, 2);  // so that it is not the latest
  t.use(1, 1);
  EXPECT_TRUE(known.proven);
  for (uint32_t forged = 100; forged < 1000; ++forged) t.use(forged, forged);
  EXPECT_EQ(t.table.find_exporter(address(1)), &known);
  EXPECT_NE(t.table.find_session({address(1), 1, FlowType::ipfix}), nullptr);
  EXPECT_EQ(t.table.sessions().size(), 10u);
  // Templates and names have limits, too, for which sessions are forgotten.
  while (t.table.sessions().size() > 2) EXPECT_TRUE(t.table.forget_oldest_session());
  EXPECT_NE(t.table.find_session({address(1), 1, FlowType::ipfix}), nullptr);
  EXPECT_NE(t.table.find_session({address(999), 999, FlowType::ipfix}), nullptr) << "the latest";
  EXPECT_TRUE(t.table.forget_oldest_session());
  EXPECT_EQ(t.table.find_session({address(1), 1, FlowType::ipfix}), nullptr) << "no newcomer is left but the latest";
}

TEST(ExporterTable, AConnectionTakesItsSessionsAlong) {
  Table t;
  t.use(1, 1, 77);
  t.use(1, 2, 77);
  t.use(1, 3, 78);
  t.use(1, 4);
  t.table.close_connection(0);
  EXPECT_EQ(t.forgotten, "");
  t.table.close_connection(77);
  EXPECT_EQ(t.forgotten, "1 2 ");
  EXPECT_EQ(t.table.sessions().size(), 2u);
}

}  // namespace
}  // namespace weir::decode
