#include "store/survey.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <thread>

#include "store/check.h"
#include "store/test_store.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Timestamp kHour = parse_time("2026-11-22T14:00:00Z").value();
const std::atomic<bool> kGoOn = false;

struct SurveyTest : RealStoreTest {
  SurveyTest() : RealStoreTest(15) { options.delete_grace = 1'000'000h; }

  fs::path put(Timestamp at, size_t rows = 50) {
    deliver(*store, ledger, random_batch(random, {.rows = rows, .first = at, .span_us = 900'000}));
    store->flush(at, true);
    return std::ranges::max(list_segments(options.directory).value(), {}, &Segment::last_sequence).path;
  }
  static void flip(const fs::path& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(fs::file_size(path) / 2));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
    file.put(static_cast<char>(byte ^ 1));
  }
  // "1 2-3", then what is missing: "| 4.corrupt: reason".
  std::string survey(std::optional<Timestamp> from = {}, std::optional<Timestamp> to = {}) const {
    Surveyor surveyor(options.directory, 2);
    const auto found = surveyor.survey(flow::Table::flows, from, to);
    if (!found) return found.error().message;
    std::string text;
    for (const Segment& s : found->segments) text += fmt::format("{}-{} ", s.first_sequence, s.last_sequence);
    for (const LeftOut& part : found->missing) text += fmt::format("| {} ", part.reason);
    return text;
  }
  std::string check(bool repair = false, bool accept = false) {
    store.reset();  // its lock
    const auto report =
        check_store({.store = options.directory, .repair = repair, .accept_gaps = accept, .threads = 2}, kGoOn);
    if (!report) return report.error().message;
    std::string text = report->bad() ? "bad" : "good";
    for (const Finding& f : report->findings) text += fmt::format(" {}{}", name(f.trouble), f.repaired ? "!" : "");
    return text;
  }
};

TEST_F(SurveyTest, WholeSegmentsAreReadAndNothingIsMissing) {
  EXPECT_EQ(survey(), "");
  for (int i = 0; i < 3; ++i) put(kHour + i * 20min);
  put(kHour + 1h);
  EXPECT_EQ(survey(), "1-1 2-2 3-3 4-4 ");
  EXPECT_EQ(survey(kHour + 1h), "4-4 ");
  EXPECT_EQ(check(), "good");
}

TEST_F(SurveyTest, DamagedOnesAreLeftOutInTheirWindowOnly) {
  flip(put(kHour));
  put(kHour + 1h);
  EXPECT_EQ(survey(), "2-2 | its checksum is wrong ");
  EXPECT_EQ(survey(kHour + 1h), "2-2 ");
  EXPECT_EQ(check(), "bad damaged");
  EXPECT_EQ(check(true), "bad damaged!");
  EXPECT_EQ(check(true), "bad set aside");
  EXPECT_EQ(survey(), "2-2 | it was found damaged and set aside ");
}

TEST_F(SurveyTest, OriginalsStandInForADamagedMerge) {
  for (int i = 0; i < 3; ++i) put(kHour + i * 1s);
  store->maintain(kHour + 10min);
  const auto merged = list_segments(options.directory).value();
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(check(), "good covered covered covered");
  reopen();
  flip(merged[0].path);
  EXPECT_EQ(survey(), "1-1 2-2 3-3 | its checksum is wrong ");
  EXPECT_EQ(check(true), "bad damaged!");
  EXPECT_EQ(survey(), "1-1 2-2 3-3 ");
  EXPECT_EQ(check(), "good replaced");
}

TEST_F(SurveyTest, RepairDeletesWhatAMergeReplacedAndFinishesWhatACrashLeft) {
  put(kHour);
  const fs::path second = put(kHour + 1s);
  const fs::path half = options.directory / "flows" / (second.filename().string() + ".tmp");
  fs::copy_file(second, half);
  std::ofstream(options.directory / "flows/notes.txt") << "by hand";
  EXPECT_EQ(check(), "good half foreign");
  EXPECT_EQ(check(true), "good half! foreign");
  EXPECT_FALSE(fs::exists(half));
}

TEST_F(SurveyTest, FilesThatChangedPlacesAreFound) {
  const fs::path first = put(kHour);
  const fs::path second = put(kHour + 1min);
  const fs::path third = put(kHour + 2min);
  const fs::path aside = options.directory / "aside";
  fs::rename(first, aside);
  fs::rename(second, first);
  fs::rename(aside, second);
  const std::string other = "| its rows are not those of its name: it is another segment ";
  EXPECT_EQ(survey(), "3-3 " + other + other);
  EXPECT_EQ(check(), "bad damaged damaged");
}

TEST_F(SurveyTest, NumbersThatAreNowhereAreTold) {
  put(kHour);
  const fs::path second = put(kHour + 30min);
  const fs::path third = put(kHour + 40min);
  put(kHour + 1h);
  put(kHour + 3h);
  fs::remove(second);
  fs::remove(third);
  const std::string told = "| segments 2 to 3 are missing, of between 2026-11-22T14:00:0";
  EXPECT_TRUE(survey().starts_with("1-1 4-4 5-5 " + told)) << survey();
  EXPECT_TRUE(survey({}, kHour + 30min).starts_with("1-1 " + told)) << survey({}, kHour + 30min);
  EXPECT_EQ(survey(kHour + 2h), "5-5 ");
  // Retention of versions that noted nothing leaves the same: the message says what to do.
  EXPECT_NE(survey().find("weir check --store " + options.directory.string() + " --accept-gaps"), std::string::npos)
      << survey();
  EXPECT_EQ(check(), "bad missing");
  EXPECT_EQ(check(false, true), "good missing!");
  EXPECT_EQ(survey(), "1-1 4-4 5-5 ");
  EXPECT_EQ(check(), "good");
}

TEST_F(SurveyTest, TheNewestAreMissedToo) {
  put(kHour);
  put(kHour + 30min);
  const fs::path third = put(kHour + 2h);
  const fs::path fourth = put(kHour + 2h + 10min);
  EXPECT_EQ(survey(kHour, kHour + 1h), "1-1 2-2 ");
  fs::remove_all(third.parent_path());
  const std::string told = "| segments 3 to 4 are missing, of between 2026-11-22T14:30:0";
  EXPECT_TRUE(survey().starts_with("1-1 2-2 " + told)) << survey();
  EXPECT_TRUE(survey(kHour + 2h).starts_with(told)) << survey(kHour + 2h);
  EXPECT_EQ(survey({}, kHour + 20min), "1-1 ") << "between its neighbours, not before";
  EXPECT_EQ(survey(kHour + 3h), "") << "nor after";
  store.reset();
  reopen();
  EXPECT_EQ(list_segments(options.directory)->size(), 2u);
  put(kHour + 4h);
  EXPECT_TRUE(survey().starts_with("1-1 2-2 5-5 " + told)) << "numbers are not given twice: " << survey();
  EXPECT_EQ(check(), "bad missing");
  EXPECT_EQ(check(false, true), "good missing!");
  EXPECT_EQ(survey(), "1-1 2-2 5-5 ");
}

TEST_F(SurveyTest, AllOfThemAreMissed) {
  const fs::path only = put(kHour);
  fs::remove_all(only.parent_path().parent_path());
  EXPECT_TRUE(survey().starts_with("| segment 1 is missing, of between 2026-11-22T14:00:0")) << survey();
  EXPECT_EQ(check(), "bad missing");
  std::ofstream(options.directory / "flows/newest") << "";
  EXPECT_EQ(survey(), "") << "after a power cut it may be empty";
}

TEST_F(SurveyTest, OfWhatRetentionDeletedInPartTheRestIsMissed) {
  for (int i = 0; i < 4; ++i) put(kHour + i * 1h);
  options.max_age = 3h;
  store->set_options(options);
  store->maintain(kHour + 4h + 30min);  // 1 and 2 go
  EXPECT_EQ(survey(), "3-3 4-4 ");
  const std::vector<Segment> left = list_segments(options.directory).value();
  for (const Segment& s : left) fs::remove(s.path);
  EXPECT_TRUE(survey().starts_with("| segments 3 to 4 are missing")) << survey();
}

// Captures of different days, replayed in any order: numbers of an hour stand in another hour.
TEST_F(SurveyTest, NumbersOfOtherHoursAreNoGaps) {
  put(kHour);
  put(kHour + 5h);
  put(kHour + 2h);
  put(kHour + 1h);
  put(kHour + 2h + 1min);
  EXPECT_EQ(survey(kHour + 1h, kHour + 2h), "4-4 ");
  EXPECT_EQ(survey(), "1-1 4-4 3-3 5-5 2-2 ");
}

TEST_F(SurveyTest, WhatRetentionDeletesIsNotMissing) {
  put(kHour + 2h);
  put(kHour);  // a capture of an earlier hour
  put(kHour + 3h);
  EXPECT_EQ(survey(), "2-2 1-1 3-3 ");
  options.max_age = 4h;
  store->set_options(options);
  store->maintain(kHour + 5h);
  EXPECT_EQ(survey(), "1-1 3-3 ");
  EXPECT_EQ(check(), "good");
}

// A full disk must not keep what is to be deleted from it.
TEST_F(SurveyTest, RetentionDeletesAlsoWhereItCannotNoteIt) {
  put(kHour + 2h);
  put(kHour);
  put(kHour + 3h);
  const fs::path in_the_way = options.directory / "flows/expired";
  fs::create_directories(in_the_way / "something");
  options.max_age = 4h;
  store->set_options(options);
  store->maintain(kHour + 5h);
  EXPECT_TRUE(survey().starts_with("1-1 3-3 | segment 2 is missing")) << survey();
  fs::remove_all(in_the_way);
  store->maintain(kHour + 5h);
  EXPECT_EQ(survey(), "1-1 3-3 ");
}

TEST_F(SurveyTest, ARepairedFileGetsItsNameBack) {
  const fs::path first = put(kHour);
  put(kHour + 1s);
  fs::rename(first, first.string() + ".corrupt");
  EXPECT_EQ(check(), "bad set aside");
  EXPECT_EQ(check(true), "good set aside!");
  EXPECT_EQ(survey(), "1-1 2-2 ");
}

TEST_F(SurveyTest, TheSameNumbersTwiceAreTold) {
  const fs::path first = put(kHour);
  Segment copy = parse_segment_name(first).value();
  copy.last_sequence = 2;
  fs::copy_file(first, first.parent_path() / segment_name(copy));
  EXPECT_EQ(check(), "bad twice");
}

TEST_F(SurveyTest, RepairNeedsTheStoreForItself) {
  put(kHour);
  const auto refused = check_store({.store = options.directory, .repair = true, .threads = 1}, kGoOn);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("already writes"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(check_store({.store = options.directory, .threads = 1}, kGoOn));
}

TEST_F(SurveyTest, TheScrubReadsEverythingAndSetsAsideWhatRots) {
  options.scrub = {.bytes_per_second = uint64_t{1} << 40, .round = 24h};
  store->set_options(options);
  put(kHour);
  const fs::path second = put(kHour + 1h);
  put(kHour + 2h);
  const auto scrub_until = [&](uint64_t rounds, Timestamp now) {
    for (int i = 0; i < 20 && store->counters().scrub_rounds < rounds; ++i) store->scrub(now);
    EXPECT_EQ(store->counters().scrub_rounds, rounds);
  };
  scrub_until(1, kHour);
  EXPECT_EQ(store->counters().scrubbed_segments, 3u);
  flip(second);
  for (int i = 0; i < 10; ++i) store->scrub(kHour + 1h);
  EXPECT_EQ(store->counters().scrubbed_segments, 3u) << "the next round is a day later";
  scrub_until(2, kHour + 24h);
  EXPECT_EQ(store->counters().segments_corrupt, 1u);
  EXPECT_TRUE(fs::exists(second.string() + ".corrupt"));
  EXPECT_GT(store->counters().scrubbed_bytes, 0u);
}

TEST_F(SurveyTest, TheScrubEndsWhenItIsTold) {
  options.scrub = {.bytes_per_second = 1, .round = 24h};
  store->set_options(options);
  put(kHour);
  std::thread scrubber([&] { store->scrub(kHour); });
  while (store->counters().scrubbed_bytes == 0) std::this_thread::yield();
  store->stop_scrub();
  scrubber.join();
  EXPECT_EQ(store->counters().scrubbed_segments, 0u);
}

struct VerifiedTest : testing::Test {
  TestFolder folder;
  Segment segment;
  VerifiedTest() {
    fs::create_directories(folder / "flows");
    segment.path = folder / "a";
    std::ofstream(segment.path) << "content";
  }
  FileIdentity identity() const { return FileIdentity::of(segment).value(); }
  bool remembered() const { return VerifiedFiles(folder.path).contains(identity()); }
  void remember() const {
    VerifiedFiles files(folder.path);
    files.add(identity());
    files.save();
  }
};

TEST_F(VerifiedTest, RemembersAFileUntilAnythingAboutItChanges) {
  EXPECT_FALSE(remembered());
  remember();
  EXPECT_TRUE(remembered());
  const timespec old[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, segment.path.c_str(), old, 0), 0);
  EXPECT_FALSE(remembered());
  remember();
  EXPECT_TRUE(remembered());
  fs::rename(segment.path, folder / "b");
  segment.path = folder / "b";
  EXPECT_FALSE(remembered()) << "the name is part of it";
}

TEST_F(VerifiedTest, AFileThatWasJustWrittenIsNotSettled) {
  EXPECT_FALSE(identity().settled());
  FileIdentity old = identity();
  old.words[3] -= 10'000'000'000;
  EXPECT_FALSE(old.settled()) << "changed just now, whatever its time of writing says";
  old.words[4] -= 10'000'000'000;
  EXPECT_TRUE(old.settled());
}

TEST_F(VerifiedTest, ADamagedMemoryIsEmpty) {
  remember();
  std::ifstream file(folder / "verified", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(whole.size(), 16u + 48 + 4);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    std::ofstream(folder / "verified", std::ios::binary) << bad;
    ASSERT_FALSE(remembered()) << i;
    std::ofstream(folder / "verified", std::ios::binary) << whole.substr(0, i);
    ASSERT_FALSE(remembered()) << i;
  }
  std::ofstream(folder / "verified", std::ios::binary) << whole;
  EXPECT_TRUE(remembered());
}

TEST_F(VerifiedTest, TwoAtOnceKeepWhatBothFound) {
  VerifiedFiles one(folder.path);
  VerifiedFiles other(folder.path);
  FileIdentity second = identity();
  second.words[1] += 1;
  one.add(identity());
  other.add(second);
  one.save();
  other.save();
  const VerifiedFiles read(folder.path);
  EXPECT_TRUE(read.contains(identity()) && read.contains(second));
}

TEST_F(VerifiedTest, FilesThatAreGoneAreForgottenSometime) {
  VerifiedFiles files(folder.path);
  for (uint64_t i = 0; i < 5000; ++i) files.add({{1, i, 2, 3, 4, 5}});
  files.save();
  EXPECT_LT(fs::file_size(folder / "verified"), 1000u);
}

}  // namespace
}  // namespace weir::store
