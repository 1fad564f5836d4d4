// store.flush_interval, over all stages between a socket and a segment, on a clock that the test moves from one event
// to the next: a datagram comes, a round of receiving is over, the outlet wakes up. Nothing waits, so nothing is late
// but what is late by design.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "net/gather_time.h"
#include "pipeline/intake.h"
#include "pipeline/outlet.h"
#include "pipeline/test_support.h"
#include "store/store.h"

namespace weir::pipeline {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Steady = std::chrono::steady_clock::time_point;

const Timestamp kBegin = parse_time("2026-11-22T12:59:30Z").value();  // an hour ends within the test

class World {
 public:
  World(Micros interval, size_t threads) : disk_(std::make_shared<Disk>()) {
    store::StoreOptions options;
    options.directory = folder_.path() / "store";
    options.flush_interval = interval;
    auto opened = store::Store::open(options, std::make_unique<FakeWriter>(disk_));
    EXPECT_TRUE(opened) << opened.error().message;
    store_.emplace(*std::move(opened));
    ReceiveLoopOptions loop;
    loop.seal_after = seal_after(interval);
    loop.now = [this] { return Steady(now_ - kBegin); };
    for (loop.number = 0; loop.number < threads; ++loop.number) {
      threads_.push_back({.intake = std::make_unique<Intake>(
                              decode::DecoderOptions{}, loop, [this](flow::FullBatch batch) { take(std::move(batch)); },
                              ledger_, [] { return flow::SocketCounters{}; }),
                          .round_ends = kBegin,
                          .arrivals = {}});
    }
    outlet_wakes_ = kBegin;
  }

  // A datagram of `records` at a thread's socket. In order of time.
  void send(Micros after, size_t thread, uint16_t records) { threads_[thread].arrivals.push_back({after, records}); }

  // Until everything is stored.
  void run(uint64_t rows) {
    while (stored_ < rows) {
      const auto next = std::ranges::min_element(threads_, {}, [](const Thread& t) { return t.wakes(); });
      now_ = std::max(now_, std::min(next->wakes(), outlet_wakes_));
      if (now_ == outlet_wakes_) {
        flush();
      } else {
        round(*next);
      }
      ASSERT_LT(now_, kBegin + 24h);
    }
  }

  Micros longest_wait() const { return longest_wait_; }
  uint64_t segments() const { return disk_->writes; }
  uint64_t hand_overs() const { return hand_overs_; }

 private:
  struct Arrival {
    Micros after;
    uint16_t records;
  };
  struct Thread {
    std::unique_ptr<Intake> intake;
    Timestamp round_ends;
    std::deque<Arrival> arrivals;
    // As Receiver::receive(), when datagrams gather for as long as they can.
    Timestamp wakes() const {
      if (arrivals.empty()) return round_ends;
      return std::min(round_ends, kBegin + arrivals.front().after + net::GatherTime::kLongest);
    }
  };

  void round(Thread& thread) {
    while (!thread.arrivals.empty() && kBegin + thread.arrivals.front().after <= now_) {
      const Bytes bytes = v5_datagram(0, thread.arrivals.front().records);
      const Datagram datagram{.bytes = bytes,
                              .exporter = *IpAddress::parse("192.0.2.1"),
                              .exporter_port = 9,
                              .received = now_,
                              .connection = 0};
      thread.intake->decode({&datagram, 1});
      thread.arrivals.pop_front();
    }
    thread.intake->hand_over();
    thread.round_ends = now_ + thread.intake->next_round(100ms);
  }

  // As the outlet does for a batch that comes while it waits.
  void take(flow::FullBatch batch) {
    ++hand_overs_;
    flow::SealedBatch sealed = seal(std::move(batch));
    flow::Receipt receipt(ledger_.outlet(store_->name()), *sealed);
    store_->add(std::move(sealed), std::move(receipt));
    flush();
  }
  void flush() {
    store_->flush(now_);
    outlet_wakes_ = now_ + wait_for_batch(store_->due(), now_);
    for (const flow::SealedBatch& batch : std::exchange(disk_->batches, {})) {
      stored_ += batch->rows();
      for (const int64_t received : batch->values<flow::Column::time_received>())
        longest_wait_ = std::max(longest_wait_, now_ - timestamp_from_us(received));
    }
  }

  const Folder folder_;
  const std::shared_ptr<Disk> disk_;
  flow::Ledger ledger_;
  std::optional<store::Store> store_;
  Timestamp now_ = kBegin;
  std::vector<Thread> threads_;
  Timestamp outlet_wakes_;
  Micros longest_wait_{0};
  uint64_t stored_ = 0;
  uint64_t hand_overs_ = 0;
};

class FlushInterval : public testing::TestWithParam<Micros> {};

// A millisecond is the grain of waiting.
TEST_P(FlushInterval, HoldsForEveryRow) {
  const Micros interval = GetParam();
  std::mt19937_64 random(7);
  for (const int64_t mean_gap_us : {300, 20'000, 700'000, 20'000'000}) {
    World world(interval, 2);
    uint64_t rows = 0;
    std::exponential_distribution<double> gap(1.0 / static_cast<double>(mean_gap_us));
    double after = 0;
    for (int i = 0; i < 1000 && after < 6e7; ++i, after += gap(random)) {
      const auto records = static_cast<uint16_t>(1 + random() % 30);
      world.send(Micros(static_cast<int64_t>(after)), random() % 2, records);
      rows += records;
    }
    world.run(rows);
    EXPECT_LE(world.longest_wait(), interval + 1ms) << "a datagram every " << mean_gap_us << " us";
  }
}

// Keeping the promise must not cost files: of a steady stream, each has nearly an interval's worth.
TEST_P(FlushInterval, ASegmentHasAnIntervalsWorth) {
  const Micros interval = GetParam();
  if (interval < 1s) GTEST_SKIP() << "there the rounds of receiving are as long as the interval";
  World world(interval, 1);
  constexpr int64_t kIntervals = 20;
  uint64_t rows = 0;
  for (Micros after{0}; after < interval * kIntervals; after += 10ms, ++rows) world.send(after, 0, 1);
  world.run(rows);
  // One more for the end, one for the hour.
  EXPECT_LE(world.segments(), static_cast<uint64_t>(kIntervals * 5 / 4 + 2));
  const auto fifths = static_cast<uint64_t>(interval * kIntervals / seal_after(interval));
  EXPECT_LE(world.hand_overs(), fifths + 2);
}

INSTANTIATE_TEST_SUITE_P(Shortest, FlushInterval, testing::Values(Micros(100ms)));
INSTANTIATE_TEST_SUITE_P(Second, FlushInterval, testing::Values(Micros(1s)));
INSTANTIATE_TEST_SUITE_P(Usual, FlushInterval, testing::Values(Micros(5s)));
INSTANTIATE_TEST_SUITE_P(Minute, FlushInterval, testing::Values(Micros(60s)));

}  // namespace
}  // namespace weir::pipeline
