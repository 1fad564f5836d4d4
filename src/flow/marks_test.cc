#include "flow/marks.h"

#include <gtest/gtest.h>

#include "flow/batch_builder.h"

namespace weir::flow {
namespace {

constexpr uint64_t kStream = 0xabc;

TEST(Marks, NeighboursBecomeOne) {
  Marks marks;
  marks.add(kStream, {10, 12});
  marks.add(kStream, {13, 20});
  marks.add(kStream, {30, 40});
  marks.add(kStream, {1, 3});
  ASSERT_EQ(marks.streams().size(), 1);
  EXPECT_EQ(marks.streams()[0].whole, (std::vector<DatagramInterval>{{1, 3}, {10, 20}, {30, 40}}));
  Marks other;
  other.add(kStream, {21, 29});
  other.add(7, {1, 1});
  marks.add(other);
  EXPECT_EQ(marks.find(kStream)->whole, (std::vector<DatagramInterval>{{1, 3}, {10, 40}}));
  EXPECT_TRUE(marks.find(kStream)->has(10));
  EXPECT_FALSE(marks.find(kStream)->has(9));
  EXPECT_FALSE(marks.find(kStream)->has(0));
  EXPECT_FALSE(marks.find(kStream)->has(41));
  EXPECT_EQ(marks.oldest(), 1);
  marks.drop_before(kStream, 10);
  EXPECT_EQ(marks.find(kStream)->whole, (std::vector<DatagramInterval>{{10, 40}}));
}

TEST(Marks, TextIsReadAsItWasWritten) {
  Marks marks;
  EXPECT_EQ(Marks::parse(marks.to_text()), marks);
  marks.add(UINT64_MAX, {1, UINT64_MAX});
  marks.add_early(UINT64_MAX, {5, 2});
  marks.add_early(UINT64_MAX, {5, 1});
  marks.add_early(3, {9, 1});
  EXPECT_EQ(marks.to_text(), "1;3 w e 9.1;ffffffffffffffff w 1-ffffffffffffffff e 5.1 5.2;");
  EXPECT_EQ(Marks::parse(marks.to_text()), marks);
}

TEST(Marks, DamagedTextIsNone) {
  for (const char* text : {"", "2;", "1;x w 1-2;", "1;1 w 2-1;", "1;1 w 1;", "1;1 e 1-2;", "1;1 w 1-2-3;", "1;1 w -;"})
    EXPECT_FALSE(Marks::parse(text)) << text;
}

struct Builders {
  std::vector<FullBatch> full;
  TableBuilders builders{[this](FullBatch batch) { full.push_back(std::move(batch)); }, 64};
  Builders() { builders.track({kStream}); }
  void rows(Table table, size_t count, int64_t hour = 0) {
    while (count > 0) {
      FlowBatch& batch = builders[table].batch_for(timestamp_from_us(hour * 3'600'000'000));
      const size_t now = std::min(count, batch.room());
      batch.append(now, IpAddress{});
      count -= now;
    }
  }
};

TEST(TableBuilders, BatchesKnowWhoseRowsTheyHave) {
  Builders b;
  b.builders.begin(1, 100);
  b.rows(Table::flows, 3);
  b.builders.begin(2, 100);  // without rows
  b.builders.begin(3, 100);
  b.rows(Table::flows, 1);
  b.rows(Table::counters, 1);
  EXPECT_EQ(b.builders.oldest(), 1);
  b.builders.hand_over();
  EXPECT_EQ(b.builders.oldest(), std::nullopt);
  b.builders.begin(4, 100);
  b.builders.begin(5, 100);
  b.rows(Table::flows, 1);
  b.builders.hand_over();
  ASSERT_EQ(b.full.size(), 3);
  EXPECT_EQ(b.full[0]->marks()->to_text(), "1;abc w 1-3;");
  EXPECT_EQ(b.full[1]->marks()->to_text(), "1;abc w 3-3;");
  EXPECT_EQ(b.full[2]->marks()->to_text(), "1;abc w 4-5;") << "from the end of the batch before";
}

TEST(TableBuilders, ADatagramIsNotDivided) {
  Builders b;
  b.builders.begin(1, 64);
  b.rows(Table::flows, 60);
  b.builders.begin(2, 64);  // may have 16 rows
  b.rows(Table::flows, 10);
  ASSERT_EQ(b.full.size(), 1);
  EXPECT_EQ(b.full[0]->rows(), 60);
  b.builders.begin(3, 300);  // has more rows than one thinks
  b.rows(Table::flows, 200);
  b.builders.hand_over();
  ASSERT_EQ(b.full.size(), 2);
  EXPECT_EQ(b.full[1]->rows(), 210);
  EXPECT_EQ(b.full[1]->marks()->to_text(), "1;abc w 2-3;");
}

TEST(TableBuilders, SetsThatHadToWaitHaveTheirOwnBatches) {
  Builders b;
  b.builders.begin(1, 100);
  EXPECT_EQ(b.builders.next_set(), 1);
  EXPECT_EQ(b.builders.next_set(), 2);
  b.builders.hold(1, 2);
  EXPECT_EQ(b.builders.take_held(), (std::vector<SetPlace>{{1, 2}}));
  EXPECT_TRUE(b.builders.take_held().empty());
  b.builders.begin(2, 100);
  b.rows(Table::flows, 1);
  b.builders.begin_early(1, 2, 50);
  b.rows(Table::flows, 1, 1);  // of another hour
  b.builders.end_early();
  b.rows(Table::flows, 1);
  EXPECT_TRUE(b.full.empty());
  b.builders.hand_over();
  ASSERT_EQ(b.full.size(), 2);
  EXPECT_EQ(b.full[0]->rows(), 2);
  EXPECT_EQ(b.full[0]->marks()->to_text(), "1;abc w 2-2;");
  EXPECT_EQ(b.full[1]->marks()->to_text(), "1;abc w e 1.2;");
}

TEST(TableBuilders, WhatIsKnownGoesElsewhere) {
  Builders b;
  std::vector<FullBatch> known;
  b.builders.set_known(
      [](Table table, uint64_t, SetPlace place) { return table == Table::flows && place.datagram < 3; },
      [&](FullBatch batch) { known.push_back(std::move(batch)); });
  for (uint64_t datagram = 1; datagram <= 4; ++datagram) {
    b.builders.begin(datagram, 10);
    b.rows(Table::flows, 1);
    b.rows(Table::counters, 1);
  }
  b.builders.hand_over();
  ASSERT_EQ(b.full.size(), 2);
  EXPECT_EQ(b.full[0]->rows(), 2);
  EXPECT_EQ(b.full[0]->marks()->to_text(), "1;abc w 3-4;");
  EXPECT_EQ(b.full[1]->rows(), 4);
  ASSERT_EQ(known.size(), 1);
  EXPECT_EQ(known[0]->rows(), 2);
  EXPECT_EQ(known[0]->marks(), nullptr);
}

TEST(FlowBatch, GrowsWithWhatItHas) {
  FlowBatch batch(64);
  const size_t first = batch.append(64, IpAddress{});
  for (size_t i = 0; i < 64; ++i) batch.values<Column::bytes>()[first + i] = i;
  batch.set_valid(Column::bytes, 0, 64);
  batch.grow(192);
  EXPECT_EQ(batch.room(), 128);
  batch.append(128, IpAddress{});
  batch.values<Column::bytes>()[191] = 7;
  batch.set_valid(Column::bytes, 191, 1);
  batch.settle();
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(batch.values<Column::bytes>()[i], i);
  EXPECT_TRUE(batch.is_valid(Column::bytes, 63));
  EXPECT_FALSE(batch.is_valid(Column::bytes, 64));
  EXPECT_TRUE(batch.is_valid(Column::bytes, 191));
}

}  // namespace
}  // namespace weir::flow
