#include "pipeline/receive_loop.h"

#include <thread>
#include <utility>

#include "base/log.h"

namespace weir::pipeline {
namespace {

constexpr std::chrono::milliseconds kReceiveTimeout{100};
constexpr std::chrono::milliseconds kErrorPause{100};

}  // namespace

ReceiveLoop::ReceiveLoop(net::Receiver receiver, decode::DecoderOptions decoder, ReceiveLoopOptions options,
                         BatchQueue& queue, flow::Ledger& ledger)
    : receiver_(std::move(receiver)),
      decoder_(std::move(decoder)),
      options_(options),
      queue_(queue),
      ledger_(ledger),
      builder_([this](flow::SealedBatch batch) { sealed_.push_back(std::move(batch)); }, options.batch_rows) {}

void ReceiveLoop::run() {
  next_tick_ = Clock::now() + options_.seal_every;
  while (!stopping_.load(std::memory_order_acquire)) {
    receive(kReceiveTimeout);
    hand_over();
    if (Clock::now() >= next_tick_) tick();
  }
  drain();
  decoder_.expire(Timestamp::max());
  builder_.seal();
  publish();
  hand_over();
}

void ReceiveLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  receiver_.wake();
}

void ReceiveLoop::set_options(decode::DecoderOptions options) {
  const std::lock_guard lock(mutex_);
  new_options_ = std::move(options);
}

bool ReceiveLoop::receive(std::chrono::milliseconds timeout) {
  const auto datagrams = receiver_.receive(timeout);
  if (!datagrams) {
    if (last_error_ != datagrams.error().message) log::error("{}; receiving goes on", datagrams.error().message);
    last_error_ = datagrams.error().message;
    std::this_thread::sleep_for(kErrorPause);  // an error that stays must not eat a core
    return false;
  }
  for (const Datagram& datagram : *datagrams) decoder_.decode(datagram, builder_);
  return !datagrams->empty();
}

// Once a second: what is younger than a segment moves on, what is too old is given up, the ledger hears of it.
void ReceiveLoop::tick() {
  take_options();
  decoder_.expire(wall_clock_now());
  builder_.seal();
  publish();
  hand_over();
  next_tick_ = Clock::now() + options_.seal_every;
}

void ReceiveLoop::take_options() {
  std::optional<decode::DecoderOptions> options;
  {
    const std::lock_guard lock(mutex_);
    options = std::exchange(new_options_, std::nullopt);
  }
  if (options) decoder_.set_options(*std::move(options));
}

// Publishes before the batches leave, so that nobody sees more rows stored than decoded; but with very many exporters a
// publication is expensive, and then at most a tenth of the time goes into it.
void ReceiveLoop::hand_over() {
  if (sealed_.empty()) return;
  if (Clock::now() >= next_publish_) publish();
  for (flow::SealedBatch& batch : sealed_) {
    if (!queue_.try_push(std::move(batch))) ledger_.dropped(*batch, flow::DropReason::queue_full);
  }
  sealed_.clear();
}

void ReceiveLoop::publish() {
  const Clock::time_point start = Clock::now();
  ledger_.publish(options_.number, decoder_.counters(), receiver_.kernel_drops());
  const Clock::time_point end = Clock::now();
  next_publish_ = end + 9 * (end - start);
}

// Takes what the kernel already holds for us. An exporter that goes on sending must not keep us alive.
void ReceiveLoop::drain() {
  const Clock::time_point limit = Clock::now() + options_.drain_limit;
  receive(std::chrono::milliseconds{0});  // may come back empty because of the wake-up
  while (receive(std::chrono::milliseconds{0}) && Clock::now() < limit) hand_over();
}

}  // namespace weir::pipeline
