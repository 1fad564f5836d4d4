#include "flow/ledger.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

namespace weir::flow {
namespace {

const IpAddress kExporterA = IpAddress::from_v4(0xc0000201);
const IpAddress kExporterB = *IpAddress::parse("2001:db8::1");

// A batch of a table with so many rows of A and of B.
std::unique_ptr<FlowBatch> batch_of(Table table, size_t rows_of_a, size_t rows_of_b = 0) {
  auto batch = std::make_unique<FlowBatch>(64, Schema::of(table));
  if (rows_of_a > 0) batch->append(rows_of_a, kExporterA);
  if (rows_of_b > 0) batch->append(rows_of_b, kExporterB);
  return batch;
}

void publish(Ledger& ledger, uint64_t flows, uint64_t counters = 0) {
  ExporterCounters seen;
  seen.rows[Table::flows] = flows;
  seen.rows[Table::counters] = counters;
  seen.agent_drops = 5;
  ledger.publish(0, {{kExporterA, seen}}, {});
}

TEST(Ledger, AddsUp) {
  Ledger ledger;
  ExporterCounters a;
  a.datagrams_received = 3;
  a.datagrams_decoded = 2;
  a.datagrams_rejected = 1;
  a.rows[Table::flows] = 10;
  ledger.publish(0, {{kExporterA, a}}, {.drops = 5, .left = 0, .streams = {}});
  const auto store = ledger.outlet("store");
  Receipt(store, *batch_of(Table::flows, 7)).stored();
  EXPECT_EQ(ledger.snapshot().total.in_flight(0, Table::flows), 3u);
  EXPECT_EQ(ledger.snapshot().imbalance(), "flows: decoded 10 != stored 7 + dropped 0");
  Receipt(store, *batch_of(Table::flows, 3)).dropped(DropReason::queue_full);
  EXPECT_EQ(ledger.snapshot().imbalance(), "");
  EXPECT_EQ(ledger.snapshot().socket_drops, 5u);
}

TEST(Ledger, EachTableAddsUp) {
  Ledger ledger;
  publish(ledger, 3, 14);
  const auto store = ledger.outlet("store");
  Receipt(store, *batch_of(Table::flows, 3)).stored();
  Receipt(store, *batch_of(Table::counters, 7)).stored();
  EXPECT_EQ(ledger.snapshot().total.in_flight(0, Table::counters), 7u);
  EXPECT_EQ(ledger.snapshot().total.in_flight(0, Table::flows), 0u);
  EXPECT_EQ(ledger.snapshot().imbalance(), "counters: decoded 14 != stored 7 + dropped 0");
  Receipt(store, *batch_of(Table::counters, 7)).dropped(DropReason::queue_full);
  const LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot.imbalance(), "");
  EXPECT_EQ(snapshot.total.rows(Table::flows).stored, 3u);
  EXPECT_EQ(snapshot.total.rows(Table::flows).dropped_in_all(), 0u);
  EXPECT_EQ(snapshot.total.rows(Table::counters).stored, 7u);
  EXPECT_EQ(snapshot.total.rows(Table::counters).dropped_in_all(), 7u);
  EXPECT_EQ(snapshot.exporters.at(kExporterA).counters.agent_drops, 5u);
}

TEST(Ledger, EachOutletAddsUp) {
  Ledger ledger;
  ExporterCounters a;
  ExporterCounters b;
  a.rows[Table::flows] = 6;
  b.rows[Table::flows] = 4;
  ledger.publish(0, {{kExporterA, a}, {kExporterB, b}}, {});
  const auto store = ledger.outlet("store");
  const auto other = ledger.outlet("other");
  EXPECT_EQ(ledger.outlet("other"), other) << "one account for each name";
  Receipt(store, *batch_of(Table::flows, 6, 4)).stored();
  EXPECT_EQ(ledger.snapshot().imbalance(), "other: flows: decoded 10 != stored 0 + dropped 0");
  Receipt(other, *batch_of(Table::flows, 6, 4)).dropped(DropReason::store_failed);
  const LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot.imbalance(), "");
  EXPECT_EQ(snapshot.outlets, (std::vector<std::string>{"store", "other"}));
  EXPECT_EQ(snapshot.exporters.at(kExporterB).outlet(1)[Table::flows][DropReason::store_failed], 4u);
  EXPECT_EQ(snapshot.exporters.at(kExporterB).rows(Table::flows).stored, 4u);
}

// However a receipt ends, its rows are counted, and once.
TEST(Receipt, AnswersOnce) {
  Ledger ledger;
  const auto store = ledger.outlet("store");
  const auto rows = [&] { return ledger.snapshot().total.rows(Table::flows); };
  {
    const Receipt forgotten(store, *batch_of(Table::flows, 2));
  }
  EXPECT_EQ(rows()[DropReason::store_failed], 2u) << "one that goes away says that its rows are lost";
  Receipt first(store, *batch_of(Table::flows, 3));
  first.stored();
  first.stored();
  first.dropped(DropReason::shutdown);
  EXPECT_EQ(rows().stored, 3u);
  EXPECT_EQ(rows().dropped_in_all(), 2u);
  Receipt second(store, *batch_of(Table::flows, 5));
  Receipt moved = std::move(second);
  moved = Receipt(store, *batch_of(Table::flows, 7));
  EXPECT_EQ(rows()[DropReason::store_failed], 7u) << "one that is written over, too";
  std::thread([&] { moved.stored(); }).join();
  EXPECT_EQ(rows().stored, 10u);
}

TEST(Account, WhatIsAbandonedIsDroppedAndLateAnswersDoNotCount) {
  Ledger ledger;
  const auto store = ledger.outlet("store");
  Receipt(store, *batch_of(Table::flows, 1)).stored();
  Receipt late(store, *batch_of(Table::flows, 2, 3));
  store->abandon(DropReason::shutdown);
  late.stored();
  const LedgerSnapshot snapshot = ledger.snapshot();
  const RowCounts& rows = snapshot.total.rows(Table::flows);
  EXPECT_EQ(rows.stored, 1u);
  EXPECT_EQ(rows[DropReason::shutdown], 5u);
  EXPECT_EQ(rows.dropped_in_all(), 5u);
}

TEST(Ledger, ForgedSourcesNeitherGrowItNorUnbalanceIt) {
  Ledger ledger;
  constexpr uint32_t kSources = Ledger::kMaxExporters + 1000;
  ExporterCounters all;
  all.rows[Table::flows] = kSources;
  ledger.publish(0, {{IpAddress{}, all}}, {});
  for (uint32_t next = 0; next < kSources;) {
    FlowBatch batch(FlowBatch::kDefaultCapacity);
    while (batch.room() > 0 && next < kSources) batch.append(1, IpAddress::from_v4(next++));
    Receipt(ledger.outlet("store"), batch).stored();
  }
  const IpAddress latest = IpAddress::from_v4(kSources - 1);
  ExporterCounters one;
  one.rows[Table::flows] = 1;
  all.rows[Table::flows] = kSources - 1;
  ledger.publish(0, {{IpAddress{}, all}, {latest, one}}, {});
  const LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot.exporters.size(), 2u) << "what nobody knows any more is together";
  EXPECT_EQ(snapshot.exporters.at(latest).rows(Table::flows).stored, 1u) << "who is new has a place";
  EXPECT_EQ(snapshot.imbalance(), "");
}

}  // namespace
}  // namespace weir::flow
