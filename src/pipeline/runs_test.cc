// Accounts of several runs: nothing is lost or counted twice, and none is taken for another one.
#include "pipeline/runs.h"

#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/ledger_file.h"
#include "pipeline/test_support.h"
#include "store/files.h"
#include "store/lock.h"

namespace weir::pipeline {
namespace {

using test::Folder;

const IpAddress kA = *IpAddress::parse("192.0.2.1");
const IpAddress kB = *IpAddress::parse("192.0.2.2");
const Timestamp kStart = *parse_time("2026-12-01T10:00:00Z");

std::string run_id(unsigned number) { return fmt::format("{:016x}", number); }

// Run `number` of a collector that heard so many datagrams of each of two exporters.
LedgerReport account(unsigned number, uint64_t datagrams, bool finished = true) {
  LedgerReport report;
  report.program = "collect";
  report.pid = 100 + number;
  report.run = run_id(number);
  report.boot = boot_id();
  report.started = kStart + std::chrono::hours(number);
  report.written = report.started + std::chrono::minutes(30);
  report.interval = std::chrono::seconds(5);
  report.finished = finished;
  report.ledger.outlets = {"store"};
  report.ledger.exporters[kA].counters.datagrams_received = datagrams;
  report.ledger.exporters[kB].rows(flow::Table::flows).stored = 2 * datagrams;
  return report;
}

void write(const Folder& folder, const LedgerReport& report) {
  ASSERT_TRUE(store::replace_file(folder.path() / "ledger.json", test::ledger_to_json(report)));
}

// As the next writer does it.
void run(const Folder& folder, const LedgerReport& report, const RunLimits& limits = {}) {
  const auto archived = archive_ledger(folder.path(), report.run, limits);
  ASSERT_TRUE(archived) << archived.error().message;
  write(folder, report);
}

StoreAccount read(const Folder& folder, Timestamp now = kStart + std::chrono::hours(1000)) {
  auto account = read_account(folder.path(), now);
  EXPECT_TRUE(account) << account.error().message;
  return account ? *std::move(account) : StoreAccount{};
}

uint64_t datagrams(const LedgerReport& report) { return report.ledger.total.counters.datagrams_received; }

TEST(Runs, AreKeptWithTheirEnds) {
  const Folder folder;
  run(folder, account(1, 10));
  run(folder, account(2, 20, false));
  LedgerReport before_reboot = account(3, 30, false);
  before_reboot.boot = "another boot";
  run(folder, before_reboot);
  LedgerReport early = account(4, 40, false);
  early.run = early.boot = "";
  run(folder, early);
  run(folder, account(5, 50));
  const StoreAccount all = read(folder);
  std::string told;
  for (const StoreAccount::Run& run : all.runs) told += fmt::format("{} {}, ", datagrams(run.report), name(run.end));
  EXPECT_EQ(told, "10 stopped, 20 killed, 30 rebooted, 40 unknown, ");
  EXPECT_EQ(datagrams(all.current), 50u);
  EXPECT_EQ(all.state(), "stopped");
  EXPECT_EQ(datagrams(all.in_all), 150u);
  EXPECT_EQ(all.in_all.ledger.exporters.at(kB).rows(flow::Table::flows).stored, 300u);
  EXPECT_EQ(all.in_all.runs->count, 5u);
}

TEST(Runs, TheOwnAccountIsNotMoved) {
  const Folder folder;
  write(folder, account(1, 10));
  ASSERT_TRUE(archive_ledger(folder.path(), run_id(1)));
  EXPECT_TRUE(list_runs(folder.path()).empty());
  EXPECT_EQ(datagrams(read(folder).in_all), 10u);
}

TEST(Runs, TheOldestAreSummedUpAndNothingIsLost) {
  for (const RunLimits limits : {RunLimits{.runs = 3}, RunLimits{.bytes = 8000}, RunLimits{.runs = 0, .bytes = 0}}) {
    const Folder folder;
    uint64_t sum = 0;
    for (unsigned i = 1; i <= 40; ++i) {
      run(folder, account(i, i), limits);
      sum += i;
      const StoreAccount all = read(folder);
      ASSERT_EQ(datagrams(all.in_all), sum) << i;
      ASSERT_EQ(all.in_all.ledger.exporters.at(kB).rows(flow::Table::flows).stored, 2 * sum);
      ASSERT_EQ(all.in_all.runs->count, i);
      ASSERT_LE(all.runs.size(), limits.runs);
      ASSERT_EQ(all.in_all.started, kStart + std::chrono::hours(1));
    }
    EXPECT_TRUE(read(folder).older);
  }
}

// A crash after the sum was written, before what it has was deleted.
TEST(Runs, ACrashCountsNoneTwice) {
  const Folder folder;
  for (unsigned i = 1; i <= 5; ++i) run(folder, account(i, 1), {.runs = 10});
  const std::vector<PastRun> before = list_runs(folder.path());
  ASSERT_EQ(before.size(), 4u);
  const std::filesystem::path saved = folder.path() / "saved";
  std::filesystem::copy(folder.path() / "runs", saved);
  run(folder, account(6, 1), {.runs = 2});
  EXPECT_EQ(list_runs(folder.path()).size(), 2u);
  for (const PastRun& run : before) {
    std::filesystem::copy_file(saved / run.path.filename(), run.path,
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_EQ(datagrams(read(folder).in_all), 6u) << "a reader";
  run(folder, account(7, 1), {.runs = 2});
  EXPECT_EQ(datagrams(read(folder).in_all), 7u) << "the next writer";
  EXPECT_EQ(read(folder).in_all.runs->count, 7u);
}

TEST(Runs, WhatIsDamagedIsSetAsideAndTold) {
  const Folder folder;
  run(folder, account(1, 1), {.runs = 1});
  run(folder, account(2, 1), {.runs = 1});
  std::ofstream(list_runs(folder.path()).front().path) << "{";
  EXPECT_EQ(read(folder).unreadable.size(), 1u);
  run(folder, account(3, 1), {.runs = 1});
  run(folder, account(4, 1), {.runs = 1});
  EXPECT_EQ(datagrams(read(folder).in_all), 3u);
  std::ofstream(folder.path() / "ledger.json") << "{";
  run(folder, account(5, 1), {.runs = 1});
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "ledger.json.corrupt"));
  EXPECT_EQ(datagrams(read(folder).in_all), 3u);
  std::ofstream(sum_path(folder.path())) << "{";
  EXPECT_EQ(read(folder).unreadable.size(), 1u);
  run(folder, account(6, 1), {.runs = 1});
  EXPECT_EQ(read(folder).unreadable.size(), 0u);
}

TEST(Runs, AnExporterBeyondTheLimitIsInTheSumAllTheSame) {
  flow::LedgerSnapshot sum;
  for (uint32_t i = 0; i < flow::Ledger::kMaxExporters + 10; ++i) {
    flow::LedgerSnapshot one;
    one.exporters[IpAddress::from_v4(i + 1)].counters.datagrams_received = 1;
    one.total.counters.datagrams_received = 1;
    sum += one;
  }
  EXPECT_EQ(sum.exporters.size(), flow::Ledger::kMaxExporters + 1);
  EXPECT_EQ(sum.exporters.at(IpAddress{}).counters.datagrams_received, 10u);
  EXPECT_EQ(sum.total.counters.datagrams_received, flow::Ledger::kMaxExporters + 10);
}

TEST(Runs, OutletsAreSummedUpByName) {
  flow::LedgerSnapshot a;
  a.outlets = {"store", "other"};
  a.total.outlet(1)[flow::Table::flows].stored = 1;
  flow::LedgerSnapshot b;
  b.outlets = {"third", "other"};
  b.total.outlet(0)[flow::Table::flows].stored = 10;
  b.total.outlet(1)[flow::Table::flows].stored = 100;
  a += b;
  EXPECT_EQ(a.outlets, (std::vector<std::string>{"store", "other", "third"}));
  EXPECT_EQ(a.total.outlet(0)[flow::Table::flows].stored, 0u);
  EXPECT_EQ(a.total.outlet(1)[flow::Table::flows].stored, 101u);
  EXPECT_EQ(a.total.outlet(2)[flow::Table::flows].stored, 10u);
}

// A run that could not write its account may have received what came after them.
TEST(Runs, PlacesAreThoseOfTheLastAccountThereIs) {
  const Folder folder;
  EXPECT_TRUE(places_before(folder.path()).empty());
  LedgerReport report = account(1, 10);
  report.places = {{.session = {.exporter = kA, .domain = 7, .type = flow::FlowType::ipfix}, .agent = {}}};
  run(folder, report);
  ASSERT_EQ(places_before(folder.path()).size(), 1u);
  EXPECT_FALSE(places_before(folder.path()).front().before_kill);
  ASSERT_TRUE(archive_ledger(folder.path(), run_id(2)));  // and then the disk was full
  ASSERT_EQ(places_before(folder.path()).size(), 1u);
  EXPECT_TRUE(places_before(folder.path()).front().before_kill);
  report.run = run_id(3);
  report.finished = false;
  run(folder, report);
  EXPECT_TRUE(places_before(folder.path()).front().before_kill);
}

TEST(StoreAccount, IsTheRunningOnesOnlyByItsId) {
  const Folder folder;
  const auto lock = store::StoreLock::take(folder.path());
  ASSERT_TRUE(lock);
  LedgerReport report = account(1, 10, false);
  write(folder, report);
  const Timestamp soon = report.written + std::chrono::seconds(5);
  EXPECT_EQ(read(folder, soon).of, AccountOf::past) << "of another run";
  EXPECT_EQ(read(folder, soon).state(), "killed");
  EXPECT_TRUE(read(folder, soon).writer.there);
  EXPECT_EQ(read(folder, soon).writer.pid, getpid());

  report.run = lock->run_id();
  write(folder, report);
  EXPECT_EQ(read(folder, soon).state(), "running");
  EXPECT_EQ(read(folder, report.written - std::chrono::hours(1)).state(), "running") << "a clock that was set back";
  EXPECT_EQ(read(folder, report.written + std::chrono::seconds(18)).state(), "stale");
}

TEST(StoreAccount, IsNobodysWithoutALock) {
  const Folder folder;
  std::string id;
  {
    const auto lock = store::StoreLock::take(folder.path());
    ASSERT_TRUE(lock);
    id = lock->run_id();
  }
  LedgerReport report = account(1, 10, false);
  report.run = id;
  write(folder, report);
  EXPECT_EQ(read(folder, report.written).state(), "killed");
  EXPECT_FALSE(read(folder, report.written).writer.there);
}

// The writer's id may be missing where the disk was full: then nobody can say that it is its account.
TEST(StoreAccount, OfAWriterWithoutANameIsNotTold) {
  const Folder folder;
  const auto lock = store::StoreLock::take(folder.path());
  ASSERT_TRUE(lock);
  std::filesystem::resize_file(folder.path() / "lock", 0);
  LedgerReport report = account(1, 10, false);
  report.run = lock->run_id();
  write(folder, report);
  EXPECT_EQ(read(folder, report.written).of, AccountOf::past);
}

TEST(StoreAccount, MessagesSayWhatIsMissing) {
  const Folder folder;
  EXPECT_NE(read_account(folder.path() / "none", kStart).error().message.find("no store"), std::string::npos);
  EXPECT_NE(read_account(folder.path(), kStart).error().message.find("no ledger"), std::string::npos);
  const auto lock = store::StoreLock::take(folder.path());
  EXPECT_NE(read_account(folder.path(), kStart).error().message.find("has not written"), std::string::npos);
}

}  // namespace
}  // namespace weir::pipeline
