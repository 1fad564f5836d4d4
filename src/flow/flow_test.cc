#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "flow/batch_builder.h"
#include "flow/ledger.h"

namespace weir::flow {
namespace {

const IpAddress kExporterA = IpAddress::from_v4(0xc0000201);
const IpAddress kExporterB = IpAddress::from_v4(0xc0000202);

TEST(FlowBatch, RowsAreNullUntilFilled) {
  FlowBatch batch(128);
  const size_t first = batch.append(100, kExporterA);
  EXPECT_FALSE(batch.present(Column::bytes));
  batch.values<Column::bytes>()[70] = 1500;
  batch.set_valid(Column::bytes, 70, 1);
  EXPECT_EQ(first, 0u);
  EXPECT_TRUE(batch.is_valid(Column::bytes, 70));
  EXPECT_FALSE(batch.is_valid(Column::bytes, 69));
  EXPECT_EQ(std::as_const(batch).values<Column::bytes>()[70], 1500u);
  batch.set_valid(Column::bytes, 0, 100);
  EXPECT_EQ(batch.validity(Column::bytes)[0], ~uint64_t{0});
  EXPECT_EQ(batch.validity(Column::bytes)[1], (uint64_t{1} << 36) - 1);
}

// However the calls follow each other, and whenever somebody looks.
TEST(FlowBatch, ValidityIsTheUnionOfWhatWasMarked) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    FlowBatch batch(256);
    batch.raw(Column::proto);
    std::vector<bool> want(256, false);
    for (int i = 0; i < 40; ++i) {
      if (batch.room() > 0) batch.append(random() % (batch.room() + 1) / 4 + 1, kExporterA);
      const size_t first = random() % 3 == 0 ? random() % batch.rows() : batch.rows() - 1;
      const size_t count = random() % (batch.rows() - first + 1);
      switch (random() % 6) {
        case 0:
          batch.set_null(Column::proto, first);
          want[first] = false;
          break;
        case 1:
          batch.settle();
          break;
        default:
          batch.set_valid(Column::proto, first, count);
          std::fill_n(want.begin() + static_cast<std::ptrdiff_t>(first), count, true);
      }
      for (size_t row = 0; row < batch.rows(); ++row) {
        ASSERT_EQ(batch.is_valid(Column::proto, row), want[row]) << seed << " row " << row;
      }
    }
    for (size_t row = 0; batch.present(Column::proto) && row < batch.rows(); ++row) {
      ASSERT_EQ((batch.validity(Column::proto)[row / 64] >> (row % 64) & 1) != 0, want[row]) << seed << " row " << row;
    }
    batch.reset();
    batch.append(256, kExporterA);
    batch.set_valid(Column::proto, 255, 1);
    for (size_t row = 0; row < 255; ++row) ASSERT_FALSE(batch.is_valid(Column::proto, row)) << seed;
  }
}

TEST(FlowBatch, MarksTheRowsOfTheLastAppend) {
  FlowBatch batch(128);
  const auto fill = [&batch](size_t first, size_t count, uint8_t value) {
    const FlowBatch::Appended cells = batch.appended(Column::proto);
    std::ranges::fill(std::span(static_cast<uint8_t*>(cells.raw()), first + count).subspan(first), value);
    cells.set_valid();
  };
  batch.append(3, kExporterA);
  batch.appended(Column::proto);  // not filled: all are null still
  EXPECT_FALSE(batch.present(Column::proto));
  fill(0, 3, 6);
  batch.append(60, kExporterB);  // without a value
  batch.append(2, kExporterA);
  fill(63, 2, 17);
  batch.append(1, kExporterA);
  fill(65, 1, 58);
  batch.set_valid(Column::proto, 10, 1);
  batch.set_valid(Column::proto, 4, 0);
  for (size_t row = 0; row < batch.rows(); ++row) {
    EXPECT_EQ(batch.is_valid(Column::proto, row), row < 3 || row == 10 || row >= 63) << row;
  }
  const auto values = std::as_const(batch).values<Column::proto>();
  EXPECT_EQ(values[2], 6);
  EXPECT_EQ(values[64], 17);
  EXPECT_EQ(values[65], 58);
  batch.settle();
  EXPECT_EQ(batch.validity(Column::proto)[0], uint64_t{0b111} | uint64_t{1} << 10 | uint64_t{1} << 63);
  EXPECT_EQ(batch.validity(Column::proto)[1], 0b11u);
  batch.reset();
  batch.append(2, kExporterB);
  EXPECT_FALSE(batch.present(Column::proto));
}

// Where the rows of an exporter are counted is guessed by its last octets, which many may have in common.
TEST(FlowBatch, CountsTheRowsOfManyExportersInTurns) {
  std::vector<IpAddress> exporters;
  for (uint32_t i = 0; i < 200; ++i) exporters.push_back(IpAddress::from_v4(0xc0000200 + i));
  for (uint8_t i = 0; i < 100; ++i) {
    IpAddress address = *IpAddress::parse("2001:db8::1");
    address.octets[5] = i;
    exporters.push_back(address);
  }
  FlowBatch batch(4096);
  for (int round = 0; round < 2; ++round) {
    std::map<IpAddress, uint64_t> want;
    for (size_t turn = 0; turn < 4; ++turn) {
      for (size_t i = 0; i < exporters.size(); ++i) {
        batch.append(1 + i % 3, exporters[i]);
        want[exporters[i]] += 1 + i % 3;
      }
    }
    std::map<IpAddress, uint64_t> got;
    for (const ExporterRows& one : batch.exporters()) {
      EXPECT_TRUE(got.emplace(one.exporter, one.rows).second) << "twice: " << one.exporter.to_string();
    }
    EXPECT_EQ(got, want);
    batch.reset();
    exporters.erase(exporters.begin(), exporters.begin() + 50);  // so that guesses of before are wrong
  }
}

TEST(FlowBatch, SettledBitsDoNotChangeWhenTheyAreRead) {
  BatchBuilder builder([](SealedBatch batch) {
    EXPECT_EQ(batch->validity(Column::proto)[0], 6u);
    EXPECT_TRUE(batch->is_valid(Column::proto, 2));
  });
  FlowBatch& batch = builder.batch_for({});
  batch.append(3, kExporterA);
  batch.raw(Column::proto);
  batch.set_valid(Column::proto, 1, 2);
  builder.seal();
}

TEST(BatchMemory, GivesZerosApartFromEachOtherAtTheStartOfLines) {
  BatchMemory memory;
  std::vector<std::span<uint64_t>> all;
  for (const size_t words : {1, 4096, 65536, 3, 262144, 7, 300000, 65536, 65536, 65536}) {
    all.push_back(memory.allocate(words));
    ASSERT_EQ(all.back().size(), words);
    EXPECT_EQ(std::bit_cast<uintptr_t>(all.back().data()) % 64, 0u);
    EXPECT_TRUE(std::ranges::all_of(all.back(), [](uint64_t word) { return word == 0; }));
    std::ranges::fill(all.back(), all.size());
  }
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(std::ranges::all_of(all[i], [&](uint64_t word) { return word == i + 1; })) << i;
  }
}

TEST(FlowBatch, ResetKeepsNothingVisible) {
  FlowBatch batch(64);
  batch.append(1, kExporterA);
  batch.values<Column::other>()[0] = batch.add_text("abc");
  batch.set_valid(Column::other, 0, 1);
  EXPECT_EQ(batch.text(std::as_const(batch).values<Column::other>()[0]), "abc");
  batch.reset();
  batch.append(1, kExporterB);
  EXPECT_FALSE(batch.present(Column::other));
  EXPECT_FALSE(batch.is_valid(Column::other, 0));
  EXPECT_EQ(batch.exporters().size(), 1u);
}

TEST(Ledger, CountersHaveAnAccountOfTheirOwn) {
  Ledger ledger;
  FlowBatch flows(64), counters(64, Schema::counters());
  flows.append(3, kExporterA);
  counters.append(7, kExporterA);
  ExporterCounters seen;
  seen.records_decoded = 3;
  seen.counter_rows = 14;
  seen.agent_drops = 5;
  ledger.publish(0, {{kExporterA, seen}}, {});
  ledger.stored(flows);
  ledger.stored(counters);
  EXPECT_EQ(ledger.snapshot().counter_rows_in_flight(), 7u);
  EXPECT_EQ(ledger.snapshot().rows_in_flight(), 0u);
  EXPECT_EQ(ledger.snapshot().imbalance(), "counters: decoded 14 != stored 7 + dropped 0");
  ledger.dropped(counters, DropReason::queue_full);
  const LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot.imbalance(), "");
  EXPECT_EQ(snapshot.total.rows_stored, 3u);
  EXPECT_EQ(snapshot.total.dropped(), 0u);
  EXPECT_EQ(snapshot.total.counter_rows_stored, 7u);
  EXPECT_EQ(snapshot.total.counters_dropped(), 7u);
  EXPECT_EQ(snapshot.exporters.at(kExporterA).counters.agent_drops, 5u);
}

TEST(BatchBuilder, SealsWhenFullAndAtTheHour) {
  std::vector<size_t> sealed;
  BatchBuilder builder([&](SealedBatch batch) { sealed.push_back(batch->rows()); }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:59:59");
  builder.batch_for(t).append(64, kExporterA);
  builder.batch_for(t).append(1, kExporterA);
  builder.batch_for(t + std::chrono::seconds{1}).append(2, kExporterA);
  builder.seal();
  builder.seal();
  EXPECT_EQ(sealed, (std::vector<size_t>{64, 1, 2}));
}

TEST(BatchBuilder, ABatchThatNobodyHoldsIsFilledAgain) {
  std::vector<SealedBatch> sealed;
  BatchBuilder builder([&](SealedBatch batch) { sealed.push_back(std::move(batch)); }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:00:00");
  FlowBatch& first = builder.batch_for(t);
  first.append(3, kExporterA);
  first.values<Column::proto>()[2] = 6;
  first.set_valid(Column::proto, 0, 3);
  builder.seal();
  const FlowBatch* memory = sealed.back().get();
  EXPECT_NE(&builder.batch_for(t), memory) << "somebody still reads it";
  builder.batch_for(t).append(1, kExporterA);
  builder.seal();
  // The last owner is often another thread.
  std::thread([&] { sealed.clear(); }).join();
  FlowBatch& again = builder.batch_for(t);
  EXPECT_EQ(again.rows(), 0u);
  EXPECT_FALSE(again.present(Column::proto));
  again.append(3, kExporterB);
  EXPECT_FALSE(again.is_valid(Column::proto, 2));
  EXPECT_EQ(again.exporters().size(), 1u);
}

// A store holds several and gives them back together: none is made anew. When it needs fewer, the rest is let go of.
TEST(BatchBuilder, KeepsAsManyBatchesAsAreInUse) {
  std::vector<SealedBatch> held;
  BatchBuilder builder([&](SealedBatch batch) { held.push_back(std::move(batch)); }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:00:00");
  // How many of them have been used before: what they held is still in their memory.
  const auto known = [&](size_t batches) {
    size_t found = 0;
    for (size_t i = 0; i < batches; ++i) {
      FlowBatch& batch = builder.batch_for(t);
      batch.append(1, kExporterA);
      found += batch.values<Column::proto>()[0] == 6 ? 1 : 0;
      batch.values<Column::proto>()[0] = 6;
      batch.set_valid(Column::proto, 0, 1);
      builder.seal();
    }
    held.clear();
    return found;
  };
  EXPECT_EQ(known(16), 0u);
  for (int round = 0; round < 20; ++round) EXPECT_EQ(known(16), 16u);
  for (int round = 0; round < 200; ++round) EXPECT_EQ(known(1), 1u);
  EXPECT_LE(known(16), 2u);
}

TEST(BatchBuilder, BatchesMayOutliveTheirBuilder) {
  SealedBatch kept;
  {
    BatchBuilder builder([&](SealedBatch batch) { kept = std::move(batch); }, 64);
    builder.batch_for(*parse_time("2026-11-22T13:00:00")).append(5, kExporterA);
    builder.seal();
  }
  EXPECT_EQ(kept->rows(), 5u);
  kept.reset();
}

TEST(BatchBuilder, SealsBeforeTextOutgrowsItsOffsets) {
  size_t sealed = 0;
  BatchBuilder builder([&](SealedBatch) { ++sealed; }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:00:00");
  FlowBatch& batch = builder.batch_for(t);
  batch.append(1, kExporterA);
  batch.add_text(std::string(BatchBuilder::kMaxTextBytes, 'x'));
  builder.batch_for(t);
  EXPECT_EQ(sealed, 1u);
}

TEST(FlowBatch, ValidityOfAnyRangeOfRows) {
  for (size_t first = 0; first < 130; first += 13) {
    for (const size_t count : {size_t{0}, size_t{1}, size_t{24}, size_t{63}, size_t{64}, size_t{65}, size_t{120}}) {
      FlowBatch batch(256);
      batch.append(256, kExporterA);
      batch.values<Column::proto>();
      batch.set_valid(Column::proto, first, count);
      for (size_t row = 0; row < 256; ++row) {
        ASSERT_EQ(batch.is_valid(Column::proto, row), row >= first && row < first + count) << first << "+" << count;
      }
    }
  }
}

TEST(Ledger, AddsUp) {
  Ledger ledger;
  ExporterCounters a;
  a.datagrams_received = 3;
  a.datagrams_decoded = 2;
  a.datagrams_rejected = 1;
  a.records_decoded = 10;
  ledger.publish(0, {{kExporterA, a}}, {5, {}});
  FlowBatch batch(64);
  batch.append(7, kExporterA);
  ledger.stored(batch);
  EXPECT_EQ(ledger.snapshot().rows_in_flight(), 3u);
  EXPECT_NE(ledger.snapshot().imbalance(), "");
  FlowBatch lost(64);
  lost.append(3, kExporterA);
  ledger.dropped(lost, DropReason::queue_full);
  EXPECT_EQ(ledger.snapshot().imbalance(), "");
  EXPECT_EQ(ledger.snapshot().socket_drops, 5u);
}

TEST(Ledger, ForgedSourcesNeitherGrowItNorUnbalanceIt) {
  Ledger ledger;
  constexpr uint32_t kSources = Ledger::kMaxExporters + 1000;
  ExporterCounters all;
  all.records_decoded = kSources;
  ledger.publish(0, {{IpAddress{}, all}}, {});
  for (uint32_t next = 0; next < kSources;) {
    FlowBatch batch(FlowBatch::kDefaultCapacity);
    while (batch.room() > 0 && next < kSources) batch.append(1, IpAddress::from_v4(next++));
    ledger.stored(batch);
  }
  EXPECT_LE(ledger.snapshot().exporters.size(), Ledger::kMaxExporters + 1);
  EXPECT_EQ(ledger.snapshot().imbalance(), "");
}

}  // namespace
}  // namespace weir::flow
