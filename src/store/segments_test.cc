#include "store/segments.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/layout.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

Segment segment(std::string_view first, std::string_view last, unsigned generation, uint64_t first_sequence,
                uint64_t last_sequence) {
  Segment s;
  s.first = parse_time(first).value();
  s.last = parse_time(last).value();
  s.generation = generation;
  s.first_sequence = first_sequence;
  s.last_sequence = last_sequence;
  return s;
}

struct Segments : testing::Test {
  TestFolder store;

  fs::path put(const Segment& s) {
    const fs::path folder = store / "flows" / hour_folder_name(hour_of(s.first));
    fs::create_directories(folder);
    std::ofstream(folder / segment_name(s)) << "x";
    return folder / segment_name(s);
  }
  std::vector<std::string> names(std::optional<std::string_view> from = {}, std::optional<std::string_view> to = {}) {
    std::optional<Timestamp> from_time, to_time;
    if (from) from_time = parse_time(*from).value();
    if (to) to_time = parse_time(*to).value();
    std::vector<std::string> found;
    const auto segments = list_segments(store.path, from_time, to_time);
    EXPECT_TRUE(segments) << segments.error().message;
    for (const Segment& s : *segments) {
      found.push_back(fmt::format("g{}:{}-{}", s.generation, s.first_sequence, s.last_sequence));
    }
    return found;
  }
};
using Names = std::vector<std::string>;

TEST(SegmentName, IsAsDrawnInTheHeader) {
  const Segment s = segment("2026-11-22T14:05:00Z", "2026-11-22T14:05:04.999999Z", 0, 17, 17);
  EXPECT_EQ(segment_name(s), "20261122T140500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet");
  EXPECT_EQ(hour_folder_name(hour_of(s.first)), "date=2026-11-22/hour=14");
}

TEST(SegmentName, ParseIsTheInverse) {
  for (const Segment& s :
       {segment("1970-01-01", "1970-01-01", 0, 0, 0),
        segment("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", 9, 1, kMaxSequence),
        segment("2024-02-29T23:00:00.000001Z", "2024-02-29T23:59:59Z", 2, 99'999'999, 100'000'000)}) {
    const auto parsed = parse_segment_name(fs::path("some/where") / segment_name(s));
    ASSERT_TRUE(parsed) << segment_name(s);
    EXPECT_EQ(parsed->first, s.first);
    EXPECT_EQ(parsed->last, s.last);
    EXPECT_EQ(parsed->generation, s.generation);
    EXPECT_EQ(parsed->first_sequence, s.first_sequence);
    EXPECT_EQ(parsed->last_sequence, s.last_sequence);
    EXPECT_EQ(parsed->path, fs::path("some/where") / segment_name(s));
  }
}

TEST(SegmentName, AnythingElseIsNotOurs) {
  const std::string good = "20261122T140500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet";
  ASSERT_TRUE(parse_segment_name(good));
  struct Case {
    const char* why;
    std::string name;
  };
  const Case cases[] = {
      {"empty", ""},
      {"being written", good + ".tmp"},
      {"set aside", good + ".corrupt"},
      {"a space before", " " + good},
      {"no such day", "20260229T140500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet"},
      {"month 13", "20261322T140500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet"},
      {"hour 24", "20261122T240500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet"},
      {"second 60", "20261122T140560.000000Z-20261122T140604.999999Z-g0-00000017-00000017.parquet"},
      {"last before first", "20261122T140505.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet"},
      {"sequence backwards", "20261122T140500.000000Z-20261122T140504.999999Z-g0-00000018-00000017.parquet"},
      {"sequence not padded", "20261122T140500.000000Z-20261122T140504.999999Z-g0-17-17.parquet"},
      {"sequence padded too far", "20261122T140500.000000Z-20261122T140504.999999Z-g0-000000017-00000017.parquet"},
      {"sequence too large", "20261122T140500.000000Z-20261122T140504.999999Z-g0-00000017-1000000000000000.parquet"},
      {"sequence beyond 64 bits",
       "20261122T140500.000000Z-20261122T140504.999999Z-g0-00000017-99999999999999999999.parquet"},
      {"a sign", "20261122T140500.000000Z-20261122T140504.999999Z-g0--0000017-00000017.parquet"},
      {"two digits of generation", "20261122T140500.000000Z-20261122T140504.999999Z-g10-00000017-00000017.parquet"},
      {"no generation", "20261122T140500.000000Z-20261122T140504.999999Z-g-00000017-00000017.parquet"},
      {"milliseconds", "20261122T140500.000Z-20261122T140504.999Z-g0-00000017-00000017.parquet"},
      {"before 1970", "19691231T235959.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet"},
      {"a line end", good + "\n"},
      {"upper case", "20261122T140500.000000Z-20261122T140504.999999Z-G0-00000017-00000017.parquet"},
  };
  for (const Case& c : cases) EXPECT_FALSE(parse_segment_name(c.name)) << c.why << ": " << c.name;
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(parse_segment_name(good.substr(0, length))) << length;
}

TEST_F(Segments, ListsOldestFirstAndPrunesByTime) {
  put(segment("2026-11-22T15:00:00Z", "2026-11-22T15:00:04Z", 0, 3, 3));
  put(segment("2026-11-22T14:05:00Z", "2026-11-22T14:05:04.999999Z", 0, 2, 2));
  put(segment("2026-11-21T14:05:00Z", "2026-11-21T14:05:04Z", 0, 1, 1));
  EXPECT_EQ(names(), (Names{"g0:1-1", "g0:2-2", "g0:3-3"}));
  EXPECT_EQ(names("2026-11-22"), (Names{"g0:2-2", "g0:3-3"}));
  EXPECT_EQ(names("2026-11-22T14:05:04.999999Z", "2026-11-22T15:00:00Z"), (Names{"g0:2-2"}));
  EXPECT_EQ(names("2026-11-22T14:05:05Z", "2026-11-22T15:00:00.000001Z"), (Names{"g0:3-3"}));
  EXPECT_EQ(names({}, "2026-11-21T14:05:00Z"), (Names{}));
}

TEST_F(Segments, MergedOnesHideWhatTheyHold) {
  put(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:04Z", 0, 10, 10));
  put(segment("2026-11-22T14:00:05Z", "2026-11-22T14:00:09Z", 0, 12, 12));
  put(segment("2026-11-22T14:00:10Z", "2026-11-22T14:00:14Z", 0, 13, 13));
  put(segment("2026-11-22T15:00:00Z", "2026-11-22T15:00:04Z", 0, 11, 11));  // in the range, but of another hour
  EXPECT_EQ(names(), (Names{"g0:10-10", "g0:12-12", "g0:13-13", "g0:11-11"}));
  put(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:09Z", 1, 10, 12));
  EXPECT_EQ(names(), (Names{"g1:10-12", "g0:13-13", "g0:11-11"}));
  put(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:14Z", 2, 10, 13));
  EXPECT_EQ(names(), (Names{"g2:10-13", "g0:11-11"}));
  // The one that hides holds rows of the window although the hidden one would be the better match.
  EXPECT_EQ(names("2026-11-22T14:00:10Z", "2026-11-22T14:00:11Z"), (Names{"g2:10-13"}));
}

TEST_F(Segments, WhatIsNotASegmentDoesNoHarm) {
  const fs::path good = put(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:04Z", 0, 1, 1));
  const fs::path flows = store / "flows";
  const fs::path hour = good.parent_path();
  const auto put_text = [](const fs::path& path) { std::ofstream(path) << "x"; };
  put_text(hour / "README");
  put_text(hour / (good.filename().string() + ".tmp"));
  put_text(hour / (good.filename().string() + ".corrupt"));
  put_text(flows / good.filename());
  put_text(flows / "date=2026-11-23");
  const std::string next = segment_name(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:04Z", 0, 2, 2));
  fs::create_symlink(good, hour / next);
  fs::create_directory(hour / segment_name(segment("2026-11-22T14:00:00Z", "2026-11-22T14:00:04Z", 0, 3, 3)));
  fs::create_directory_symlink("../date=2026-11-22", flows / "date=2026-11-24");
  fs::create_directory_symlink(".", hour / "hour=15");
  for (const char* name :
       {"date=2026-13-01/hour=00", "date=2026-11-22/hour=24", "date=2026-11-22/hour=7", "date=x", "lost+found"}) {
    fs::create_directories(flows / name);
    put_text(flows / name / good.filename());
  }
  // The right name in the folder of another hour: not where this program puts it.
  fs::create_directories(flows / "date=2026-11-22/hour=15");
  put_text(flows / "date=2026-11-22/hour=15" / good.filename());
  EXPECT_EQ(names(), (Names{"g0:1-1"}));
}

TEST_F(Segments, AFolderWithoutAStoreIsAnErrorThatSaysSo) {
  const auto missing = list_segments(store / "nowhere");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
  EXPECT_FALSE(list_segments(store.path));
  fs::create_directory(store / "flows");
  EXPECT_EQ(names(), Names{});
}

}  // namespace
}  // namespace weir::store
