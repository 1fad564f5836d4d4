// Sinks that are slow, stuck or broken, beside the store: nothing changes for receiving and storing, and each account
// adds up. This file also is the proof that a sink and a pass of enrichment are added by one line each.
#include "pipeline/outlet.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using flow::DropReason;
using flow::Table;
using namespace test;

// Stores every batch at once, and says so.
class Counting : public sink::Sink {
 public:
  std::string_view name() const override { return "counting"; }
  void add(flow::SealedBatch batch, flow::Receipt receipt) override {
    rows += batch->rows();
    receipt.stored();
  }
  void flush(Timestamp /*now*/) override { ++flushes; }
  void close(Timestamp /*now*/) override { closed = true; }

  std::atomic<uint64_t> rows = 0;
  std::atomic<uint64_t> flushes = 0;
  std::atomic<bool> closed = false;
};

// Throws at every second batch, in every flush, and at the end.
class Throwing final : public Counting {
 public:
  std::string_view name() const override { return "throwing"; }
  void add(flow::SealedBatch batch, flow::Receipt receipt) override {
    if (++batches_ % 2 == 0) throw std::runtime_error("no such table");
    Counting::add(std::move(batch), std::move(receipt));
  }
  void flush(Timestamp /*now*/) override { throw 7; }
  void close(Timestamp /*now*/) override { throw std::runtime_error("gone"); }

 private:
  uint64_t batches_ = 0;
};

// Does not come back from its first batch until it is let go. It may outlive its outlet, as a thread that hangs does.
class Stuck final : public sink::Sink {
 public:
  explicit Stuck(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void add(flow::SealedBatch /*batch*/, flow::Receipt receipt) override {
    std::unique_lock lock(mutex_);
    inside_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return free_; });
    receipt.stored();
  }
  void flush(Timestamp /*now*/) override {}
  void close(Timestamp /*now*/) override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  void wait_inside() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kDeadline, [&] { return inside_; }));
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }
  void wait_closed() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kDeadline, [&] { return closed_; }));
  }

 private:
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool inside_ = false;
  bool free_ = false;
  bool closed_ = false;
};

flow::SealedBatch batch_of(size_t rows, size_t text_bytes = 0) {
  auto batch = std::make_shared<flow::FlowBatch>(64);
  batch->append(rows, IpAddress::from_v4(0xc0000201));
  batch->add_text(std::string(text_bytes, 'x'));
  return flow::seal(std::move(batch));
}

const flow::RowCounts& flows_at(const flow::LedgerSnapshot& ledger, size_t outlet) {
  return ledger.total.outlet(outlet)[Table::flows];
}

TEST(Outlet, DeliversAndEnds) {
  flow::Ledger ledger;
  const auto sink = std::make_shared<Counting>();
  Outlet outlet(sink, ledger, {});
  outlet.start();
  for (int i = 0; i < 10; ++i) outlet.offer(batch_of(3));
  EXPECT_TRUE(wait_until([&] { return sink->flushes > 20; })) << "it is flushed when nothing comes";
  outlet.finish();
  EXPECT_TRUE(sink->closed);
  EXPECT_EQ(sink->rows, 30u);
  outlet.offer(batch_of(5));
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(flows_at(snapshot, 0).stored, 30u);
  EXPECT_EQ(flows_at(snapshot, 0).dropped_in_all(), 5u) << "too late, and counted";
}

TEST(Outlet, WaitsUntilItsSinkHasSomethingToDo) {
  using namespace std::chrono_literals;
  const Timestamp now = timestamp_from_us(1'000'000'000'000'000);
  EXPECT_EQ(wait_for_batch(std::nullopt, now), 100ms);
  EXPECT_EQ(wait_for_batch(now + 5s, now), 100ms) << "the clock may be set, and options may change";
  EXPECT_EQ(wait_for_batch(now + 99ms, now), 99ms);
  EXPECT_EQ(wait_for_batch(now + 300us, now), 1ms) << "not before, and not again and again until then";
  EXPECT_EQ(wait_for_batch(now, now), 0ms);
  EXPECT_EQ(wait_for_batch(now - 1h, now), 0ms);
  EXPECT_EQ(wait_for_batch(Timestamp::max(), now), 100ms);
}

TEST(Outlet, AFullQueueDropsByBatchesAndByBytes) {
  const uint64_t one = batch_of(1, 1 << 20)->memory_bytes();
  for (const OutletOptions& limits : {OutletOptions{.queue_batches = 3, .before_close = {}},
                                      OutletOptions{.queue_bytes = 3 * one, .before_close = {}}}) {
    flow::Ledger ledger;
    const auto sink = std::make_shared<Stuck>("stuck");
    Outlet outlet(sink, ledger, limits);
    outlet.start();
    outlet.offer(batch_of(1));
    sink->wait_inside();
    for (int i = 0; i < 10; ++i) outlet.offer(batch_of(1, 1 << 20));
    EXPECT_EQ(outlet.report().queue_batches, 3u);
    EXPECT_EQ(outlet.report().queue_bytes, 3 * one);
    EXPECT_EQ(flows_at(ledger.snapshot(), 0)[DropReason::queue_full], 7u);
    sink->let_go();
    outlet.finish();
    EXPECT_EQ(flows_at(ledger.snapshot(), 0).stored, 4u);
  }
}

TEST(Outlet, OneThatThrowsLosesOnlyWhatItHadInHand) {
  flow::Ledger ledger;
  const auto sink = std::make_shared<Throwing>();
  Outlet outlet(sink, ledger, {});
  outlet.start();
  for (int i = 0; i < 11; ++i) outlet.offer(batch_of(2));
  outlet.finish();
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(flows_at(snapshot, 0).stored, 12u);
  EXPECT_EQ(flows_at(snapshot, 0)[DropReason::store_failed], 10u);
}

TEST(Outlet, OneThatDoesNotEndIsLeftBehindWithItsAccountClosed) {
  flow::Ledger ledger;
  const auto sink = std::make_shared<Stuck>("stuck");
  {
    Outlet outlet(sink, ledger, {.finish_limit = milliseconds{10}, .before_close = {}});
    outlet.start();
    for (int i = 0; i < 3; ++i) outlet.offer(batch_of(2));
    sink->wait_inside();
  }
  EXPECT_EQ(flows_at(ledger.snapshot(), 0)[DropReason::shutdown], 6u);
  sink->let_go();
  sink->wait_closed();  // its thread goes on with what it shares, after the outlet is gone
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(flows_at(snapshot, 0).stored, 0u);
  EXPECT_EQ(flows_at(snapshot, 0).dropped_in_all(), 6u);
}

TEST(Outlet, OneThatNeverStartedDropsWhatItGot) {
  flow::Ledger ledger;
  {
    Outlet outlet(std::make_shared<Counting>(), ledger, {});
    outlet.offer(batch_of(2));
  }
  EXPECT_EQ(flows_at(ledger.snapshot(), 0)[DropReason::shutdown], 2u);
}

// A pass that marks what it has seen: `url` holds its name.
class Marking final : public enrich::Pass {
 public:
  std::string_view name() const override { return "marking"; }
  void apply(flow::FlowBatch& batch) override {
    if (batch.schema().table() != Table::flows) return;
    const flow::TextRef mark = batch.add_text("marked");
    const size_t rows = batch.rows();
    std::fill_n(batch.values<flow::Column::url>(), rows, mark);
    batch.set_valid(flow::Column::url, 0, rows);
  }
};

class ThrowingPass final : public enrich::Pass {
 public:
  std::string_view name() const override { return "throwing"; }
  void apply(flow::FlowBatch& /*batch*/) override { throw std::runtime_error("no table of networks"); }
};

// Rows by whether the pass has seen them.
class Marks final : public Counting {
 public:
  std::string_view name() const override { return "marks"; }
  void add(flow::SealedBatch batch, flow::Receipt receipt) override {
    for (size_t row = 0; row < batch->rows(); ++row) {
      if (batch->is_valid(flow::Column::url, row) && batch->text(batch->values<flow::Column::url>()[row]) == "marked")
        ++marked;
    }
    Counting::add(std::move(batch), std::move(receipt));
  }
  std::atomic<uint64_t> marked = 0;
};

struct RunningCollector {
  explicit RunningCollector(CollectorOptions options) : disk(std::make_shared<Disk>()) {
    auto started = Collector::start(std::move(options), std::make_unique<FakeWriter>(disk));
    EXPECT_TRUE(started) << started.error().message;
    collector = *std::move(started);
  }
  bool received(uint64_t datagrams) const {
    return wait_until([&] { return collector->ledger().total.counters.datagrams_received >= datagrams; });
  }
  std::shared_ptr<Disk> disk;
  std::unique_ptr<Collector> collector;
};

TEST(Collector, ASinkAndAPassAreOneLineEach) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  const auto marks = std::make_shared<Marks>();
  options.sinks.push_back({marks, {}});
  options.passes.push_back(std::make_shared<ThrowingPass>());
  options.passes.push_back(std::make_shared<Marking>());
  RunningCollector run(std::move(options));
  const Exporter exporter;
  for (uint32_t i = 0; i < 20; ++i) exporter.send(run.collector->ports()[0], v5_datagram(i * 30, 30));
  ASSERT_TRUE(run.received(20));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.outlets, (std::vector<std::string>{"store", "marks"}));
  EXPECT_EQ(run.disk->rows, 600u);
  EXPECT_EQ(marks->rows, 600u);
  EXPECT_EQ(marks->marked, 600u) << "a pass that throws does not keep the next one from its work";
}

// Rows never wait for enrichment: while its queue is full they go past it.
class Blocked final : public enrich::Pass {
 public:
  std::string_view name() const override { return "blocked"; }
  void apply(flow::FlowBatch& /*batch*/) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return free_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool free_ = false;
};

TEST(Collector, RowsGoPastAPassThatDoesNotKeepUp) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  const auto pass = std::make_shared<Blocked>();
  options.passes.push_back(pass);
  options.queue_batches = 1;
  options.loop.batch_rows = 64;
  RunningCollector run(std::move(options));
  const Exporter exporter;
  for (uint32_t i = 0; i < 40; ++i) exporter.send(run.collector->ports()[0], v5_datagram(i * 30, 30));
  ASSERT_TRUE(run.received(40));
  ASSERT_TRUE(wait_until([&] { return run.collector->metrics().enrich->rows_passed_by > 0; }));
  pass->let_go();
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(run.disk->rows + report.ledger.total.rows(Table::flows)[DropReason::queue_full], 1200u);
}

// The stress of all of them at once. What the store gets does not depend on its neighbours.
TEST(Collector, BadSinksChangeNothingForTheStore) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  options.loop.batch_rows = 64;
  options.queue_batches = 4096;
  const OutletOptions small{.queue_batches = 2, .finish_limit = milliseconds{20}, .before_close = {}};
  const auto stuck = std::make_shared<Stuck>("stuck");
  const auto slow = std::make_shared<Stuck>("slow");
  const auto counting = std::make_shared<Counting>();
  options.sinks = {{stuck, small}, {slow, small}, {std::make_shared<Throwing>(), {}}, {counting, {}}};
  RunningCollector run(std::move(options));
  const Exporter a("127.0.0.1");
  const Exporter b("127.0.0.2");
  constexpr uint32_t kDatagrams = 200;
  for (uint32_t i = 0; i < kDatagrams; ++i) {
    (i % 2 == 0 ? a : b).send(run.collector->ports()[0], v5_datagram(i / 2 * 30, 30));
    if (i % 20 == 0) {
      ASSERT_TRUE(run.received(i));
    }
    if (i == kDatagrams / 2) slow->let_go();
  }
  ASSERT_TRUE(run.received(kDatagrams));
  ASSERT_TRUE(wait_until([&] { return run.disk->rows == kDatagrams * 30; })) << "stored while a neighbour is stuck";
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "") << "of every outlet";
  EXPECT_EQ(report.ledger.outlets, (std::vector<std::string>{"store", "stuck", "slow", "throwing", "counting"}));
  EXPECT_EQ(flows_at(report.ledger, 0).stored, kDatagrams * 30u);
  EXPECT_EQ(flows_at(report.ledger, 1).stored, 0u);
  EXPECT_GT(flows_at(report.ledger, 1)[DropReason::queue_full], 0u);
  EXPECT_GT(flows_at(report.ledger, 1)[DropReason::shutdown], 0u);
  EXPECT_GT(flows_at(report.ledger, 2).stored, 0u);
  EXPECT_GT(flows_at(report.ledger, 3)[DropReason::store_failed], 0u);
  EXPECT_EQ(flows_at(report.ledger, 4).stored, kDatagrams * 30u);
  EXPECT_EQ(counting->rows, kDatagrams * 30u);
  for (const auto& [address, exporter] : report.ledger.exporters) {
    EXPECT_EQ(exporter.outlet(4)[Table::flows].stored, kDatagrams * 15u) << address.to_string();
  }
  stuck->let_go();
  stuck->wait_closed();
}

}  // namespace
}  // namespace weir::pipeline
