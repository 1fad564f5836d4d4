#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "duck/duck.h"
#include "store/layout.h"
#include "store/random_batch.h"
#include "store/segments.h"
#include "store/test_deliver.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Timestamp kNoon = parse_time("2026-11-22T12:00:00Z").value();

// Fails while told to, and otherwise writes a file that holds its number of rows.
struct FakeWriter final : SegmentWriter {
  struct Script {
    bool fails = false;
    std::vector<uint64_t> written;
  };
  explicit FakeWriter(Script& script_in) : script(script_in) {}
  Result<SegmentStats> write_prepared(const fs::path& path, std::span<const PreparedRows> prepared) override {
    if (script.fails) return fail("cannot write {}: no space", path.string());
    uint64_t rows = 0;
    for (const auto& batch : batches_of(prepared)) rows += batch->rows();
    script.written.push_back(rows);
    std::ofstream(path) << rows;
    return SegmentStats{rows, fs::file_size(path)};
  }
  Script& script;
};

struct StoreTest : testing::Test {
  TestFolder folder;
  flow::Ledger ledger;
  FakeWriter::Script script;
  Random random{3};
  StoreOptions options;
  uint64_t added = 0;

  StoreTest() { options.directory = folder / "store"; }

  Store open() {
    auto store = Store::open(options, std::make_unique<FakeWriter>(script));
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  flow::SealedBatch batch(size_t rows, Timestamp received = kNoon) {
    added += rows;
    return random_batch(random, {.rows = rows, .first = received, .span_us = 1000});
  }
  uint64_t stored() const { return ledger.snapshot().total.rows(flow::Table::flows).stored; }
  uint64_t dropped(flow::DropReason reason) const { return ledger.snapshot().total.rows(flow::Table::flows)[reason]; }
  std::vector<Segment> segments() const { return list_segments(options.directory).value(); }
  size_t temporaries() const {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(options.directory))
      count += entry.path().extension() == ".tmp";
    return count;
  }
};

TEST_F(StoreTest, WritesAfterTheIntervalAndNotBefore) {
  Store store = open();
  store.flush(kNoon);
  deliver(store, ledger, batch(10));
  store.flush(kNoon + 4s);
  EXPECT_EQ(segments().size(), 0u);
  deliver(store, ledger, batch(5));
  store.flush(kNoon + 5s);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{15}));
  EXPECT_EQ(stored(), 15u);
  ASSERT_EQ(segments().size(), 1u);
  EXPECT_EQ(segments()[0].first_sequence, 1u);
  store.flush(kNoon + 60s);
  EXPECT_EQ(script.written.size(), 1u) << "nothing to write, nothing written";
}

TEST_F(StoreTest, TheIntervalBeginsWhenTheFirstRowCameIn) {
  Store store = open();
  store.flush(kNoon);
  EXPECT_EQ(store.due(), std::nullopt) << "nothing waits";
  const auto since = [&](size_t rows, Timestamp at) {
    auto waited = std::make_shared<flow::FlowBatch>(64, flow::Schema::flows());
    waited->append(rows, IpAddress::from_v4(1));
    std::fill_n(waited->values<flow::Column::time_received>(), rows, to_us(kNoon));
    waited->set_valid(flow::Column::time_received, 0, rows);
    waited->set_since(at);
    return flow::seal(std::move(waited));
  };
  // Two threads hand over at the same time; the second batch is older.
  deliver(store, ledger, since(1, kNoon - 300ms));
  deliver(store, ledger, since(2, kNoon - 900ms));
  EXPECT_EQ(store.due(), kNoon - 900ms + 5s);
  store.flush(kNoon + 4099ms);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{}));
  deliver(store, ledger, since(4, kNoon + 3s));
  store.flush(kNoon + 4100ms);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{7}));
  EXPECT_EQ(store.due(), std::nullopt);
  // What names no beginning waits from its delivery on.
  deliver(store, ledger, batch(8));
  EXPECT_EQ(store.due(), kNoon + 4100ms + 5s);
  script.fails = true;
  store.flush(kNoon + 10s);
  EXPECT_EQ(store.due(), kNoon + 11s) << "the next try";
}

TEST_F(StoreTest, WritesWhenEnoughRowsWait) {
  options.rows_per_segment = 100;
  Store store = open();
  for (int i = 0; i < 5; ++i) deliver(store, ledger, batch(50));
  store.flush(kNoon);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{100, 100}));
  store.flush(kNoon + 1s, true);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{100, 100, 50}));
}

TEST_F(StoreTest, EachHourHasItsSegment) {
  Store store = open();
  deliver(store, ledger, batch(1, kNoon));
  deliver(store, ledger, batch(2, kNoon + 1h));
  deliver(store, ledger, batch(4, kNoon));
  deliver(store, ledger, batch(8, kNoon + 24h));
  store.flush(kNoon, true);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{5, 2, 8}));
  EXPECT_TRUE(fs::is_directory(options.directory / "flows/date=2026-11-23/hour=12"));
  EXPECT_EQ(segments().size(), 3u);
}

TEST_F(StoreTest, KeepsRowsWhileTheDiskFailsAndWritesThemLater) {
  Store store = open();
  script.fails = true;
  store.flush(kNoon);
  deliver(store, ledger, batch(10));
  store.flush(kNoon + 5s);
  EXPECT_EQ(store.counters().write_failures, 1u);
  EXPECT_NE(store.counters().last_error.find("no space"), std::string::npos);
  // Tries come after 1, 2, 4, 8, 16, 30, 30 seconds.
  Timestamp now = kNoon + 5s;
  uint64_t failures = 1;
  for (const auto back_off : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    store.flush(now + back_off - 1ms);
    EXPECT_EQ(store.counters().write_failures, failures) << back_off.count();
    now += back_off;
    store.flush(now);
    EXPECT_EQ(store.counters().write_failures, ++failures) << back_off.count();
  }
  script.fails = false;
  deliver(store, ledger, batch(7));
  store.flush(now + 30s);
  EXPECT_EQ(stored(), 17u);
  EXPECT_EQ(store.counters().last_error, "");
  EXPECT_EQ(temporaries(), 0u);
}

TEST_F(StoreTest, PastTheLimitTheOldestRowsAreDroppedAndCounted) {
  options.pending_rows_limit = 100;
  Store store = open();
  for (int i = 0; i < 3; ++i) deliver(store, ledger, batch(40));
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 0u) << "nothing failed yet";
  script.fails = true;
  store.flush(kNoon, true);
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 40u);
  deliver(store, ledger, batch(30));
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 80u);
  store.close(kNoon + 1s);
  EXPECT_EQ(dropped(flow::DropReason::shutdown), 70u);
  EXPECT_EQ(stored() + ledger.snapshot().total.rows(flow::Table::flows).dropped_in_all(), added);
}

// Only its time: quickly made.
flow::SealedBatch long_batch(size_t rows) {
  auto batch = std::make_shared<flow::FlowBatch>(rows);
  batch->append(rows, IpAddress::from_v4(1));
  std::fill_n(batch->values<flow::Column::time_received>(), rows, to_us(kNoon));
  batch->set_valid(flow::Column::time_received, 0, rows);
  return flow::seal(std::move(batch));
}

TEST_F(StoreTest, BatchesThatMakeARowGroupAreFreeBeforeItIsWritten) {
  Store store = Store::open(options, make_parquet_writer()).value();
  std::vector<std::weak_ptr<const flow::FlowBatch>> batches;
  for (const size_t rows : {65536, 65472, 64, 128, 65536, 65536}) {
    flow::SealedBatch batch = long_batch(rows);
    batches.push_back(batch);
    deliver(store, ledger, std::move(batch));
  }
  std::vector<bool> free;
  for (const auto& batch : batches) free.push_back(batch.expired());
  EXPECT_EQ(free, (std::vector<bool>{true, true, true, true, true, false})) << "131,072 rows, 65,664, and the rest";
  EXPECT_EQ(stored(), 0u);
  store.flush(kNoon, true);
  EXPECT_TRUE(batches.back().expired());
  EXPECT_EQ(stored(), 262'272u);
  EXPECT_EQ(segments().size(), 1u);
}

TEST_F(StoreTest, ARowGroupThatCannotBeWrittenIsDroppedAsAWhole) {
  options.pending_rows_limit = 150'000;
  Store store = open();
  deliver(store, ledger, long_batch(65536));
  deliver(store, ledger, batch(1, kNoon + 1h));
  deliver(store, ledger, long_batch(65536));
  deliver(store, ledger, long_batch(64));
  script.fails = true;
  store.flush(kNoon, true);
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 0u);
  deliver(store, ledger, long_batch(65536));
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 131'072u);
  script.fails = false;
  store.flush(kNoon + 1s, true);
  EXPECT_EQ(script.written, (std::vector<uint64_t>{65'600, 1}));
  EXPECT_EQ(stored(), 65'601u);
}

TEST_F(StoreTest, CloseWritesWhatWaits) {
  Store store = open();
  deliver(store, ledger, batch(10));
  store.close(kNoon);
  EXPECT_EQ(stored(), added);
  EXPECT_EQ(ledger.snapshot().total.rows(flow::Table::flows).dropped_in_all(), 0u);
}

TEST_F(StoreTest, AClockThatIsSetBackStopsNothing) {
  Store store = open();
  store.flush(kNoon);
  deliver(store, ledger, batch(10));
  store.flush(kNoon - 1h);
  EXPECT_EQ(stored(), 10u);
  script.fails = true;
  deliver(store, ledger, batch(10));
  store.flush(kNoon, true);
  script.fails = false;
  store.flush(kNoon - 2h);
  EXPECT_EQ(stored(), 20u);
}

TEST_F(StoreTest, TimesWithoutAFolderAreDroppedNotFatal) {
  Store store = open();
  deliver(store, ledger, batch(3, timestamp_from_us(-3'600'000'000)));
  deliver(store, ledger, batch(4, kLatest + 1us));
  auto untimed = std::make_shared<flow::FlowBatch>(64);
  untimed->append(5, IpAddress::from_v4(1));
  deliver(store, ledger, flow::seal(std::move(untimed)));
  deliver(store, ledger, batch(1));
  store.close(kNoon);
  EXPECT_EQ(dropped(flow::DropReason::store_failed), 12u);
  EXPECT_EQ(stored(), 1u);
}

TEST_F(StoreTest, ASecondWriterIsRefusedAndToldWhoHasIt) {
  Store store = open();
  flow::Ledger other;
  const auto second = Store::open(options, std::make_unique<FakeWriter>(script));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  EXPECT_NE(second.error().message.find("--store"), std::string::npos);
  {
    const Store gone = std::move(store);
  }
  open();
}

TEST_F(StoreTest, StartsAgainAfterACrash) {
  {
    Store store = open();
    deliver(store, ledger, batch(10));
    deliver(store, ledger, batch(10, kNoon + 1h));
    store.flush(kNoon, true);
    deliver(store, ledger, batch(10));  // lost: never flushed
  }
  const fs::path flows = options.directory / "flows";
  const std::string name = segments()[0].path.filename().string();
  std::ofstream(flows / (name + ".tmp")) << "half";
  std::ofstream(flows / "mine.tmp") << "not ours";
  for (const char* file : {"ledger.json.tmp", "exporters.json.tmp"}) std::ofstream(options.directory / file) << "{";
  fs::rename(segments()[1].path, segments()[1].path.string() + ".corrupt");
  Store store = open();
  EXPECT_FALSE(fs::exists(flows / (name + ".tmp")));
  EXPECT_TRUE(fs::exists(flows / "mine.tmp"));
  EXPECT_FALSE(fs::exists(options.directory / "ledger.json.tmp"));
  EXPECT_FALSE(fs::exists(options.directory / "exporters.json.tmp"));
  deliver(store, ledger, batch(1));
  store.flush(kNoon, true);
  const auto after = segments();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(std::max(after[0].first_sequence, after[1].first_sequence), 3u) << "after the one that was set aside";
}

TEST_F(StoreTest, AFolderThatCannotBeMadeIsExplained) {
  std::ofstream(folder / "file") << "x";
  options.directory = folder / "file/store";
  const auto store = Store::open(options, std::make_unique<FakeWriter>(script));
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("file/store"), std::string::npos);
  EXPECT_NE(store.error().message.find("--store"), std::string::npos);
}

TEST_F(StoreTest, LedgerFileIsReplacedAsAWhole) {
  Store store = open();
  ASSERT_TRUE(store.write_ledger(text_source("{\"a\":1}")));
  ASSERT_TRUE(store.write_ledger(text_source("{}")));
  std::ifstream file(options.directory / "ledger.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "{}");
  EXPECT_EQ(temporaries(), 0u);
  fs::remove(options.directory / "ledger.json");
  fs::create_directory(options.directory / "ledger.json");
  EXPECT_FALSE(store.write_ledger(text_source("{}")));
  EXPECT_EQ(temporaries(), 0u);
}

TEST_F(StoreTest, OptionsChangeWhileRunning) {
  Store store = open();
  store.flush(kNoon);
  deliver(store, ledger, batch(10));
  StoreOptions faster = options;
  faster.flush_interval = 1s;
  faster.directory = "elsewhere";
  store.set_options(faster);
  store.flush(kNoon + 1s);
  EXPECT_EQ(stored(), 10u);
  EXPECT_EQ(segments().size(), 1u);
}

}  // namespace
}  // namespace weir::store
