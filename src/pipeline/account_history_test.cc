// Rows of the table account: the sums are right whoever comes, goes, is forgotten, or floods.
#include "pipeline/account_history.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using flow::AccountColumn;
using flow::Table;

const IpAddress kA = *IpAddress::parse("192.0.2.1");
const IpAddress kB = *IpAddress::parse("192.0.2.2");
const Timestamp kStart = *parse_time("2026-12-01T10:15:20Z");

struct World {
  flow::LedgerSnapshot ledger;
  AccountHistory history;
  Timestamp now = kStart;

  explicit World(size_t most = AccountHistory::kMaxExporters) : history(kStart, most) {}

  flow::ExporterLedger& of(const IpAddress& exporter) { return ledger.exporters[exporter]; }
  void hear(const IpAddress& exporter, uint64_t datagrams) {
    of(exporter).counters.datagrams_received += datagrams;
    of(exporter).counters.datagrams_decoded += datagrams;
  }
  // The rows after so much time: "kind exporter datagrams", in order.
  std::vector<std::string> after(std::chrono::seconds time) {
    const flow::SealedBatch batch = rows(time);
    std::vector<std::string> told;
    for (size_t row = 0; row < batch->rows(); ++row) {
      told.push_back(fmt::format("{} {} {}", kind(*batch, row),
                                 batch->is_valid(AccountColumn::sampler_address, row)
                                     ? batch->values<AccountColumn::sampler_address>()[row].to_string()
                                     : "-",
                                 batch->values<AccountColumn::datagrams_received>()[row]));
    }
    return told;
  }
  flow::SealedBatch rows(std::chrono::seconds time) {
    now += time;
    ledger.total = {};
    for (const auto& [address, exporter] : ledger.exporters) ledger.total += exporter;
    return history.rows(ledger, now, now - kStart);
  }
  static std::string kind(const flow::FlowBatch& batch, size_t row) {
    return std::string(batch.text(batch.values<AccountColumn::kind>()[row]));
  }
};

using Rows = std::vector<std::string>;
constexpr std::chrono::seconds kMinute{60};

TEST(AccountHistory, IsWhatHasGrown) {
  World world;
  world.hear(kA, 10);
  world.hear(kB, 5);
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 15", "exporter 192.0.2.1 10", "exporter 192.0.2.2 5"}));
  world.hear(kA, 3);
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 3", "exporter 192.0.2.1 3"}));
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 0"})) << "a zero is no gap";
}

TEST(AccountHistory, AMinuteIsNamedByItsBegin) {
  World world;
  EXPECT_FALSE(world.history.is_due(kStart + std::chrono::seconds(39)));
  EXPECT_TRUE(world.history.is_due(kStart + std::chrono::seconds(40)));
  const auto first = world.rows(std::chrono::seconds(41));
  EXPECT_EQ(first->values<AccountColumn::time_received>()[0], to_us(*parse_time("2026-12-01T10:15:00Z")));
  EXPECT_EQ(first->values<AccountColumn::covered_ms>()[0], 41'000u);
  EXPECT_EQ(first->values<AccountColumn::up>()[0], 1u);
  EXPECT_EQ(first->values<AccountColumn::run_started>()[0], to_us(kStart));
  const auto second = world.rows(kMinute);
  EXPECT_EQ(second->values<AccountColumn::time_received>()[0], to_us(*parse_time("2026-12-01T10:16:00Z")));
  EXPECT_EQ(second->values<AccountColumn::covered_ms>()[0], 60'000u);
}

// Its counts move to those under no address, and begin anew if it comes back.
TEST(AccountHistory, WhoIsForgottenIsCountedOnce) {
  World world;
  world.hear(kA, 10);
  world.after(kMinute);
  world.hear(kA, 2);
  world.ledger.exporters[IpAddress{}] += world.of(kA);
  world.ledger.exporters.erase(kA);
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 2", "others - 2"}));
  world.hear(kA, 4);
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 4", "exporter 192.0.2.1 4"}));
  world.ledger.exporters[IpAddress{}] += world.of(kA);
  world.ledger.exporters.erase(kA);
  world.hear(kA, 1);
  EXPECT_EQ(world.after(kMinute), (Rows{"collector - 1", "exporter 192.0.2.1 1"})) << "within a minute";
}

TEST(AccountHistory, AFloodOfExportersIsSummedUp) {
  World world(2);
  for (uint32_t i = 1; i <= 50; ++i) world.hear(IpAddress::from_v4(i), i);
  EXPECT_EQ(world.after(kMinute).size(), 4u);
  world.of(IpAddress::from_v4(7)).counters.rows[Table::flows] = 1;  // who sends flows goes first
  for (uint32_t i = 1; i <= 50; ++i) world.hear(IpAddress::from_v4(i), i);
  const Rows rows = world.after(kMinute);
  EXPECT_EQ(rows, (Rows{"collector - 1275", "exporter 0.0.0.7 7", "exporter 0.0.0.50 50", "others - 1218"}));
}

TEST(AccountHistory, WhatTurnsUpIsTakenOffWhatIsLostNext) {
  World world;
  const auto lost = [&](const flow::SealedBatch& batch, size_t row) {
    return batch->values<AccountColumn::lost>()[row];
  };
  world.hear(kA, 1);
  world.of(kA).counters.lost_units = 10;
  auto rows = world.rows(kMinute);
  EXPECT_EQ(lost(rows, 0), 10u);
  EXPECT_EQ(lost(rows, 1), 10u);
  world.hear(kA, 1);
  world.of(kA).counters.lost_units = 4;
  EXPECT_EQ(lost(world.rows(kMinute), 1), 0u);
  world.of(kA).counters.lost_units = 12;
  rows = world.rows(kMinute);
  EXPECT_EQ(lost(rows, 0), 2u);
  EXPECT_EQ(lost(rows, 1), 2u);
}

TEST(AccountHistory, WhatWaitsIsAsItIs) {
  World world;
  world.of(kA).counters.rows[Table::flows] = 10;
  world.of(kA).rows(Table::flows).stored = 4;
  world.rows(kMinute);
  const auto rows = world.rows(kMinute);
  ASSERT_EQ(rows->rows(), 2u) << "something waits";
  for (const size_t row : {0, 1}) {
    EXPECT_EQ(rows->values<AccountColumn::flows_waiting>()[row], 6u);
    EXPECT_EQ(rows->values<AccountColumn::flows_decoded>()[row], 0u);
  }
}

// Whatever happens, the rows of exporters and others together are the collector's.
TEST(AccountHistory, SumsAreEqual) {
  World world(3);
  uint64_t seed = 1;
  const auto chance = [&](uint64_t below) {
    return (seed = seed * 6364136223846793005U + 1442695040888963407U) / 65536 % below;
  };
  uint64_t heard = 0;
  uint64_t told = 0;
  for (int minute = 0; minute < 500; ++minute) {
    for (uint64_t i = chance(6); i > 0; --i) {
      const uint64_t datagrams = chance(100);
      world.hear(IpAddress::from_v4(static_cast<uint32_t>(1 + chance(8))), datagrams);
      heard += datagrams;
    }
    if (chance(3) == 0) {
      const IpAddress gone = IpAddress::from_v4(static_cast<uint32_t>(1 + chance(8)));
      if (world.ledger.exporters.contains(gone)) {
        world.ledger.exporters[IpAddress{}] += world.of(gone);
        world.ledger.exporters.erase(gone);
      }
    }
    const auto rows = world.rows(kMinute);
    const auto datagrams = rows->values<AccountColumn::datagrams_received>();
    uint64_t parts = 0;
    for (size_t row = 1; row < rows->rows(); ++row) parts += datagrams[row];
    ASSERT_EQ(parts, datagrams[0]) << minute;
    told += datagrams[0];
    ASSERT_LE(rows->rows(), 5u);
  }
  EXPECT_EQ(told, heard);
}

TEST(AccountHistory, ACollectorWritesItsLastMinuteAtTheEnd) {
  const test::Folder folder;
  const auto disk = std::make_shared<test::Disk>();
  auto collector = Collector::start(test::fast_options(folder), std::make_unique<test::FakeWriter>(disk));
  ASSERT_TRUE(collector) << collector.error().message;
  const LedgerReport last = (*collector)->stop();
  EXPECT_GE(disk->account_rows, 1u);
  EXPECT_EQ(last.ledger.imbalance(), "");
  EXPECT_EQ(last.ledger.exporters.size(), 0u);
}

}  // namespace
}  // namespace weir::pipeline
