// Merges that cannot be done as usual: texts that take too much memory, and an hour that fails while others do not.
#include <gtest/gtest.h>

#include "store/layout.h"
#include "store/maintenance.h"
#include "store/read_back.h"
#include "store/test_store.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using flow::Column;

const Timestamp kHour = parse_time("2026-11-22T14:00:00Z").value();

// Rows with a text of this length each, no two alike.
flow::SealedBatch long_texts(Timestamp first, size_t rows, size_t length) {
  auto batch = std::make_shared<flow::FlowBatch>((rows + 63) / 64 * 64);
  batch->append(rows, IpAddress::from_v4(0xc0000201));
  std::string text(length, '\x01');
  for (size_t row = 0; row < rows; ++row) {
    text.replace(0, 8, fmt::format("{:08}", row));
    static_cast<int64_t*>(batch->raw(Column::time_received))[row] = to_us(first) + static_cast<int64_t>(row);
    static_cast<flow::TextRef*>(batch->raw(Column::user_name))[row] = batch->add_text(text);
  }
  batch->set_valid(Column::time_received, 0, rows);
  batch->set_valid(Column::user_name, 0, rows);
  return flow::seal(std::move(batch));
}

struct MergeFailures : RealStoreTest {
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();

  MergeFailures() : RealStoreTest(7) {
    options.merge_memory_bytes = uint64_t{24} << 20;
    reopen();
  }
  void put(const flow::SealedBatch& batch) {
    deliver(*store, ledger, batch);
    store->flush(kHour, true);
  }
  void put_usual(Timestamp at) { put(random_batch(random, {.rows = 100, .first = at, .span_us = 900'000})); }
  std::vector<Segment> segments() const { return list_segments(options.directory).value(); }
  std::string names() const {
    std::string text;
    for (const Segment& s : segments()) {
      text += fmt::format("{}{}:{}-{}", text.empty() ? "" : " ", s.generation, s.first_sequence, s.last_sequence);
    }
    return text;
  }
  // Rows, different texts, and bytes of them.
  std::string texts() {
    std::string list;
    for (const Segment& s : segments()) {
      list += (list.empty() ? "" : ", ") + duck::quote(s.path.string());
    }
    auto rows = connection.query(
        "SELECT count(*) || ' ' || count(DISTINCT user_name) || ' ' || sum(length(user_name)) FROM read_parquet([" +
        list + "], union_by_name = true)");
    if (!rows) return rows.error().message;
    return std::string(rows->next().value()->text(0, 0));
  }
  // A segment that is not of our writer, and that takes more memory to read than a merge has.
  void put_foreign(Timestamp at, uint64_t sequence) {
    Segment segment;
    segment.first = segment.last = at;
    segment.first_sequence = segment.last_sequence = sequence;
    const fs::path hour = options.directory / "flows" / hour_folder_name(hour_of(at));
    fs::create_directories(hour);
    ASSERT_TRUE(connection.run(
        fmt::format("COPY (SELECT make_timestamp({}) AS time_received, repeat('x', 20000) || i AS user_name FROM "
                    "range(4000) r(i)) TO {} (FORMAT parquet, DICTIONARY_SIZE_LIMIT 1)",
                    to_us(at), duck::quote((hour / segment_name(segment)).string()))));
  }
};

// Row groups that are small by their rows are large by their bytes.
TEST_F(MergeFailures, SegmentsOfLongTextsAreJoinedAsTheyAre) {
  for (int i = 0; i < 3; ++i) put(long_texts(kHour + i * 10s, 1000, 40'000));
  const std::string before = texts();
  EXPECT_EQ(before, "3000 1000 120000000");
  store->maintain(kHour + 10min);
  EXPECT_EQ(names(), "1:1-3");
  EXPECT_EQ(texts(), before);
  EXPECT_EQ(store->counters().write_failures, 0u);
}

// On average they are small, so that they are read first, for which there is too little memory.
TEST_F(MergeFailures, OneSegmentOfLongTextsAmongUsualOnes) {
  put(long_texts(kHour, 2000, 40'000));
  for (int i = 1; i < 6; ++i) put_usual(kHour + i * 10s);
  const std::string before = texts();
  store->maintain(kHour + 10min);
  EXPECT_EQ(names(), "1:1-6");
  EXPECT_EQ(texts(), before);
  EXPECT_EQ(store->counters().write_failures, 0u) << store->counters().last_error;
}

// Texts of the length that exporters may send are read and written anew, within the memory that there is.
TEST_F(MergeFailures, TextsOfAllowedLengthAreMergedAsUsual) {
  for (int i = 0; i < 3; ++i) put(long_texts(kHour + i * 10s, 3000, 4000));
  const std::string before = texts();
  store->maintain(kHour + 10min);
  EXPECT_EQ(names(), "1:1-3");
  EXPECT_EQ(texts(), before);
}

TEST_F(MergeFailures, AnHourThatFailsKeepsNoOtherFromBeingMerged) {
  put_foreign(kHour, 1);
  put_foreign(kHour + 10s, 2);
  reopen();
  for (int i = 0; i < 3; ++i) put_usual(kHour + 1h + i * 10s);
  store->maintain(kHour + 1h + 10min);
  EXPECT_EQ(store->counters().write_failures, 1u);
  EXPECT_TRUE(store->counters().last_error.contains("hour=14")) << store->counters().last_error;
  EXPECT_EQ(names(), "0:1-1 0:2-2 1:3-5");

  // The hour is tried again after one minute, then after two.
  const auto failures_at = [&](Timestamp now) {
    store->maintain(now);
    return store->counters().write_failures;
  };
  EXPECT_EQ(failures_at(kHour + 1h + 10min + 59s), 1u);
  EXPECT_EQ(failures_at(kHour + 1h + 11min), 2u);
  EXPECT_EQ(failures_at(kHour + 1h + 12min + 59s), 2u);
  EXPECT_EQ(failures_at(kHour + 1h + 13min), 3u);
  for (int i = 0; i < 2; ++i) put_usual(kHour + 1h + 15min + i * 10s);
  EXPECT_EQ(failures_at(kHour + 1h + 25min), 4u) << "its next turn";
  EXPECT_EQ(names(), "0:1-1 0:2-2 1:3-5 1:6-7");

  options.merge_memory_bytes = uint64_t{1} << 30;
  store->set_options(options);
  store->maintain(kHour + 1h + 40min);
  EXPECT_EQ(names(), "1:1-2 1:3-5 1:6-7");
}

}  // namespace
}  // namespace weir::store
