// The table `counters` beside `flows`: its own folder and sequence, the same life of segments, one lock, one limit of
// size, and an account of its own.
#include <gtest/gtest.h>

#include <fstream>

#include "duck/duck.h"
#include "store/layout.h"
#include "store/test_store.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using flow::CounterColumn;
using namespace std::chrono_literals;

const Timestamp kNoon = parse_time("2026-11-22T12:00:00Z").value();

// The bytes that an interface received, counted every second.
flow::SealedBatch counters(size_t rows, Timestamp first = kNoon) {
  auto batch = std::make_shared<flow::FlowBatch>((rows + 63) / 64 * 64, flow::Schema::counters());
  batch->append(rows, IpAddress::from_v4(0xc0000201));
  const flow::TextRef name = batch->add_text("if_in_octets");
  for (size_t row = 0; row < rows; ++row) {
    batch->values<CounterColumn::time_received>()[row] = to_us(first) + static_cast<int64_t>(row) * 1'000'000;
    batch->values<CounterColumn::source_index>()[row] = 7;
    batch->values<CounterColumn::name>()[row] = name;
    batch->values<CounterColumn::value>()[row] = 1000 * row;
  }
  for (const auto column :
       {CounterColumn::time_received, CounterColumn::source_index, CounterColumn::name, CounterColumn::value})
    batch->set_valid(column, 0, rows);
  return flow::seal(std::move(batch));
}

struct CountersTest : RealStoreTest {
  CountersTest() : RealStoreTest(5) {}
  flow::SealedBatch flows(size_t rows, Timestamp first = kNoon) {
    return random_batch(random, {.rows = rows, .first = first, .span_us = 1000});
  }
  std::vector<Segment> segments(flow::Table table) const {
    return list_segments(options.directory, {}, {}, table).value();
  }
  std::string names(flow::Table table) const {
    std::string text;
    for (const Segment& s : segments(table)) {
      text += fmt::format("{}{}:{}-{}", text.empty() ? "" : " ", s.generation, s.first_sequence, s.last_sequence);
    }
    return text;
  }
  // One number from the table's files.
  int64_t ask(std::string_view what, flow::Table table) const {
    duck::Database database = duck::Database::open().value();
    duck::Connection connection = database.connect().value();
    std::string list;
    for (const Segment& s : segments(table)) list += (list.empty() ? "" : ", ") + duck::quote(s.path.string());
    auto rows =
        connection.query(fmt::format("SELECT ({})::BIGINT FROM read_parquet([{}], union_by_name = true)", what, list));
    EXPECT_TRUE(rows) << rows.error().message;
    const auto chunk = rows->next().value();
    if (!chunk) return -1;
    return chunk->value<int64_t>(0, 0);
  }
};

TEST_F(CountersTest, GoToTheirOwnTable) {
  deliver(*store, ledger, flows(10));
  deliver(*store, ledger, counters(20));
  deliver(*store, ledger, flows(5));
  store->flush(kNoon, true);
  EXPECT_EQ(names(flow::Table::flows), "0:1-1");
  EXPECT_EQ(names(flow::Table::counters), "0:1-1");
  EXPECT_TRUE(fs::is_directory(options.directory / "counters/date=2026-11-22/hour=12"));
  EXPECT_EQ(ask("count(*)", flow::Table::flows), 15);
  EXPECT_EQ(ask("sum(value) FILTER (name = 'if_in_octets' AND source_index = 7)", flow::Table::counters), 190'000);
  // Each table goes on with its own number.
  deliver(*store, ledger, counters(1));
  store->flush(kNoon + 1s, true);
  reopen();
  deliver(*store, ledger, counters(1));
  deliver(*store, ledger, flows(1));
  store->flush(kNoon + 2s, true);
  EXPECT_EQ(names(flow::Table::flows), "0:1-1 0:2-2");
  EXPECT_EQ(names(flow::Table::counters), "0:1-1 0:2-2 0:3-3");
}

TEST_F(CountersTest, HaveAnAccountOfTheirOwn) {
  deliver(*store, ledger, flows(10));
  deliver(*store, ledger, counters(20));
  store->flush(kNoon, true);
  const flow::ExporterLedger total = ledger.snapshot().total;
  EXPECT_EQ(total.rows(flow::Table::flows).stored, 10u);
  EXPECT_EQ(total.rows(flow::Table::counters).stored, 20u);
}

TEST_F(CountersTest, AreWrittenAfterTheIntervalWhateverFlowsDo) {
  store->flush(kNoon);
  deliver(*store, ledger, counters(20));
  store->flush(kNoon + 4s);
  EXPECT_EQ(names(flow::Table::counters), "");
  store->flush(kNoon + 5s);
  EXPECT_EQ(names(flow::Table::counters), "0:1-1");
  EXPECT_EQ(names(flow::Table::flows), "");
}

TEST_F(CountersTest, AreMergedWithTheirColumns) {
  for (int i = 0; i < 4; ++i) {
    deliver(*store, ledger, counters(10, kNoon + i * 10s));
    deliver(*store, ledger, flows(10, kNoon + i * 10s));
    store->flush(kNoon + i * 10s, true);
  }
  store->maintain(std::max(wall_clock_now(), kNoon) + 24h);
  EXPECT_EQ(names(flow::Table::counters), "2:1-4");
  EXPECT_EQ(names(flow::Table::flows), "2:1-4");
  EXPECT_EQ(ask("count(*)", flow::Table::counters), 40);
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  const auto statement =
      connection.describe(fmt::format("SELECT * FROM read_parquet({}, hive_partitioning = false)",
                                      duck::quote(segments(flow::Table::counters)[0].path.string())));
  ASSERT_TRUE(statement);
  ASSERT_EQ(statement->columns.size(), flow::kCounterColumnCount);
  for (size_t i = 0; i < statement->columns.size(); ++i)
    EXPECT_EQ(statement->columns[i].name, flow::kCounterColumns[i].name);
  EXPECT_EQ(store->counters().write_failures, 0u);
}

TEST_F(CountersTest, TheLimitOfSizeIsForBothTables) {
  options.compact = false;
  for (int i = 0; i < 3; ++i) {
    deliver(*store, ledger, flows(500, kNoon + i * 1h));
    deliver(*store, ledger, counters(500, kNoon + i * 1h));
    store->flush(kNoon + i * 1h, true);
  }
  uint64_t newest = 0;
  for (const flow::Table table : flow::kDecodedTables) newest += segments(table).back().bytes;
  options.max_bytes = newest;
  store->set_options(options);
  store->maintain(kNoon + 4h);
  EXPECT_EQ(names(flow::Table::flows), "0:3-3");
  EXPECT_EQ(names(flow::Table::counters), "0:3-3");
  options.max_bytes.reset();
  options.max_age = 1h;
  store->set_options(options);
  store->maintain(kNoon + 10h);
  EXPECT_EQ(names(flow::Table::flows) + names(flow::Table::counters), "");
}

// What the collector writes of itself is a table as the others: merged, and gone with the flows of its time.
TEST_F(CountersTest, TheAccountIsMergedAndExpires) {
  using flow::AccountColumn;
  const auto minute = [&](int64_t number) {
    auto batch = std::make_shared<flow::FlowBatch>(64, flow::Schema::account());
    batch->append(2, IpAddress{});
    for (size_t row = 0; row < 2; ++row) {
      batch->values<AccountColumn::time_received>()[row] = to_us(kNoon) + number * 60'000'000;
      batch->values<AccountColumn::flows_stored>()[row] = 10 + row;
      static_cast<flow::TextRef*>(batch->raw(AccountColumn::kind))[row] =
          batch->add_text(row == 0 ? "collector" : "exporter");
    }
    for (const auto column : {AccountColumn::time_received, AccountColumn::flows_stored, AccountColumn::kind})
      batch->set_valid(column, 0, 2);
    return flow::seal(std::move(batch));
  };
  for (int64_t i = 0; i < 5; ++i) {
    deliver(*store, ledger, minute(i));
    deliver(*store, ledger, flows(10, kNoon + i * 1min));
    store->flush(kNoon + i * 1min, true);
  }
  store->maintain(std::max(wall_clock_now(), kNoon) + 24h);
  EXPECT_EQ(names(flow::Table::account), "2:1-5");
  EXPECT_EQ(ask("sum(flows_stored) FILTER (kind = 'exporter')", flow::Table::account), 55);
  options.max_age = 1h;
  store->set_options(options);
  store->maintain(kNoon + 48h);
  EXPECT_EQ(names(flow::Table::account) + names(flow::Table::flows), "");
}

TEST_F(CountersTest, WhatACrashLeftIsRemoved) {
  deliver(*store, ledger, counters(1));
  store->flush(kNoon, true);
  const fs::path left =
      options.directory / "counters" / (segments(flow::Table::counters)[0].path.filename().string() + ".tmp");
  std::ofstream(left) << "half";
  reopen();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(names(flow::Table::counters), "0:1-1");
}

TEST_F(CountersTest, ThatCannotBeWrittenAreCountedAsDropped) {
  fs::create_directories(options.directory);
  std::ofstream(options.directory / "counters") << "in the way";
  deliver(*store, ledger, counters(20));
  deliver(*store, ledger, flows(10));
  store->close(kNoon);
  const flow::ExporterLedger total = ledger.snapshot().total;
  EXPECT_EQ(total.rows(flow::Table::flows).stored, 10u);
  EXPECT_EQ(total.rows(flow::Table::flows).dropped_in_all(), 0u);
  EXPECT_EQ(total.rows(flow::Table::counters).stored, 0u);
  EXPECT_EQ(total.rows(flow::Table::counters)[flow::DropReason::shutdown], 20u);
}

TEST(CheckTypes, AColumnKeepsItsTypeWhileTheStoreHasIt) {
  const TestFolder folder;
  StoreOptions options;
  options.directory = folder / "store";
  const auto schema = [](flow::ColumnType type, std::string name = "mood") {
    return flow::Schema::flows_with(std::vector<flow::ConfiguredColumn>{{std::move(name), type, 9, 1, {}}}).value();
  };
  EXPECT_TRUE(check_types(options.directory, *schema(flow::ColumnType::u64))) << "no store yet";
  flow::Ledger ledger;
  Store store = Store::open(options, make_parquet_writer()).value();
  EXPECT_TRUE(check_types(options.directory, *schema(flow::ColumnType::u64))) << "an empty store";
  const flow::SchemaPtr text = schema(flow::ColumnType::text);
  auto batch = std::make_shared<flow::FlowBatch>(64, text);
  batch->append(1, IpAddress::from_v4(1));
  batch->values<flow::Column::time_received>()[0] = to_us(kNoon);
  batch->set_valid(flow::Column::time_received, 0, 1);
  static_cast<flow::TextRef*>(batch->raw(*text->find("mood")))[0] = batch->add_text("good");
  batch->set_valid(*text->find("mood"), 0, 1);
  deliver(store, ledger, flow::seal(std::move(batch)));
  store.flush(kNoon, true);
  EXPECT_TRUE(check_types(options.directory, *text));
  EXPECT_TRUE(check_types(options.directory, *flow::Schema::flows()));
  EXPECT_TRUE(check_types(options.directory, *schema(flow::ColumnType::u64, "humour")));
  const auto refused = check_types(options.directory, *schema(flow::ColumnType::address));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("mood is VARCHAR in"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("it cannot become UUID"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace weir::store
