#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "flow/batch_builder.h"

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

// Where the rows of an exporter are counted is guessed by its last bytes, which many may have in common.
TEST(FlowBatch, CountsTheRowsOfManyExportersInTurns) {
  std::vector<IpAddress> exporters;
  for (uint32_t i = 0; i < 200; ++i) exporters.push_back(IpAddress::from_v4(0xc0000200 + i));
  for (uint8_t i = 0; i < 100; ++i) {
    IpAddress address = *IpAddress::parse("2001:db8::1");
    address.bytes[5] = i;
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
  BatchBuilder builder([](FullBatch full) {
    const SealedBatch batch = seal(std::move(full));
    EXPECT_EQ(batch->validity(Column::proto)[0], 6u);
    EXPECT_TRUE(batch->is_valid(Column::proto, 2));
  });
  FlowBatch& batch = builder.batch_for({});
  batch.append(3, kExporterA);
  batch.raw(Column::proto);
  batch.set_valid(Column::proto, 1, 2);
  builder.hand_over();
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

TEST(BatchBuilder, SealsWhenFullAndAtTheHour) {
  std::vector<size_t> sealed;
  BatchBuilder builder([&](const FullBatch& full) { sealed.push_back(full->rows()); }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:59:59");
  builder.batch_for(t).append(64, kExporterA);
  builder.batch_for(t).append(1, kExporterA);
  builder.batch_for(t + std::chrono::seconds{1}).append(2, kExporterA);
  builder.hand_over();
  builder.hand_over();
  EXPECT_EQ(sealed, (std::vector<size_t>{64, 1, 2}));
}

TEST(BatchBuilder, ABatchThatNobodyHoldsIsFilledAgain) {
  std::vector<SealedBatch> sealed;
  BatchBuilder builder([&](FullBatch full) { sealed.push_back(seal(std::move(full))); }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:00:00");
  FlowBatch& first = builder.batch_for(t);
  first.append(3, kExporterA);
  first.values<Column::proto>()[2] = 6;
  first.set_valid(Column::proto, 0, 3);
  builder.hand_over();
  const FlowBatch* memory = sealed.back().get();
  EXPECT_NE(&builder.batch_for(t), memory) << "somebody still reads it";
  builder.batch_for(t).append(1, kExporterA);
  builder.hand_over();
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
  BatchBuilder builder([&](FullBatch full) { held.push_back(seal(std::move(full))); }, 64);
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
      builder.hand_over();
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
    BatchBuilder builder([&](FullBatch full) { kept = seal(std::move(full)); }, 64);
    builder.batch_for(*parse_time("2026-11-22T13:00:00")).append(5, kExporterA);
    builder.hand_over();
  }
  EXPECT_EQ(kept->rows(), 5u);
  kept.reset();
}

TEST(BatchBuilder, SealsBeforeTextOutgrowsItsOffsets) {
  size_t sealed = 0;
  BatchBuilder builder([&](const FullBatch&) { ++sealed; }, 64);
  const Timestamp t = *parse_time("2026-11-22T13:00:00");
  FlowBatch& batch = builder.batch_for(t);
  batch.append(1, kExporterA);
  batch.add_text(std::string(BatchBuilder::kMaxTextBytes, 'x'));
  builder.batch_for(t);
  EXPECT_EQ(sealed, 1u);
}

TEST(BatchBuilder, AFullBatchMayBeAddedToUntilItIsSealed) {
  std::vector<SealedBatch> sealed;
  BatchBuilder builder(
      [&](FullBatch full) {
        full->values<Column::proto>()[1] = 17;
        full->set_valid(Column::proto, 1, 1);
        sealed.push_back(seal(std::move(full)));
      },
      64);
  FlowBatch& batch = builder.batch_for({});
  batch.append(2, kExporterA);
  builder.hand_over();
  EXPECT_EQ(sealed.front()->validity(Column::proto)[0], 2u);
  static_assert(!std::is_convertible_v<SealedBatch, std::shared_ptr<FlowBatch>>);
}

TEST(BatchBuilder, AFullBatchThatNobodySealsIsFilledAgain) {
  BatchBuilder builder([](const FullBatch&) {}, 64);
  const FlowBatch* first = &builder.batch_for({});
  builder.batch_for({}).append(1, kExporterA);
  builder.hand_over();
  EXPECT_EQ(&builder.batch_for({}), first);
  EXPECT_EQ(builder.pending_rows(), 0u);
}

TEST(TableBuilders, HandOverEachTableWithItsSchema) {
  std::vector<std::pair<Table, size_t>> got;
  TableBuilders builders([&](const FullBatch& full) { got.emplace_back(full->schema().table(), full->rows()); }, 64);
  builders[Table::counters].batch_for({}).append(2, kExporterA);
  builders[Table::flows].batch_for({}).append(1, kExporterA);
  const std::vector<ConfiguredColumn> more = {
      {.name = "mood", .type = ColumnType::u64, .enterprise = 9, .element = 1, .conversion = std::nullopt}};
  const SchemaPtr wider = *Schema::flows_with(more);
  builders.set_schema(wider);  // rows of before keep their columns
  EXPECT_EQ(got, (std::vector<std::pair<Table, size_t>>{{Table::flows, 1}}));
  EXPECT_EQ(&builders[Table::flows].schema(), wider.get());
  builders.hand_over();
  EXPECT_EQ(got.back(), (std::pair<Table, size_t>{Table::counters, 2}));
}

TEST(FlowBatch, TextsThatRepeatAreKeptOnce) {
  FlowBatch batch(64);
  const TextRef name = batch.add_text("GigabitEthernet0/0/7");
  const TextRef empty = batch.add_text("");
  EXPECT_EQ(batch.text(empty), "");
  for (int i = 0; i < 1000; ++i) batch.add_text("GigabitEthernet0/0/7");
  EXPECT_EQ(batch.text_bytes(), 20u);
  EXPECT_EQ(batch.add_text("GigabitEthernet0/0/7").offset, name.offset);
  batch.reset();
  EXPECT_EQ(batch.text(batch.add_text("GigabitEthernet0/0/8")), "GigabitEthernet0/0/8");
  EXPECT_EQ(batch.text(batch.add_text("GigabitEthernet0/0/7")), "GigabitEthernet0/0/7");
}

// Texts whose hashes are equal, as a sender may choose them: the bytes that are not looked at differ.
TEST(FlowBatch, TextsThatHashAlikeStayApart) {
  FlowBatch batch(64);
  std::string text(64, 'a');
  std::vector<std::pair<std::string, TextRef>> all;
  for (char c = 'a'; c <= 'z'; ++c) {
    text[20] = c;
    all.emplace_back(text, batch.add_text(text));
  }
  for (int round = 0; round < 2; ++round) {
    for (auto& [want, ref] : all) {
      EXPECT_EQ(batch.text(ref), want);
      ref = batch.add_text(want);
    }
  }
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

}  // namespace
}  // namespace weir::flow
