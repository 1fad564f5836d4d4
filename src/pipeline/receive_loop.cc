#include "pipeline/receive_loop.h"

#include <thread>
#include <utility>

#include "base/log.h"

namespace weir::pipeline {
namespace {

constexpr std::chrono::milliseconds kLongestRound{100};
constexpr std::chrono::milliseconds kErrorPause{100};

}  // namespace

ReceiveLoop::ReceiveLoop(net::Receiver receiver, decode::DecoderOptions decoder, ReceiveLoopOptions options,
                         BatchOut out, flow::Ledger& ledger)
    : receiver_(std::move(receiver)),
      options_(options),
      intake_(std::move(decoder), options, std::move(out), ledger, [this] {
        return flow::SocketCounters{.drops = receiver_.kernel_drops(), .left = left_, .streams = {}};
      }) {}

void ReceiveLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    receive(intake_.next_round(kLongestRound));
    intake_.hand_over();
  }
  drain();
  intake_.finish();
}

void ReceiveLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  receiver_.wake();
}

bool ReceiveLoop::receive(std::chrono::milliseconds timeout) {
  const auto datagrams = receiver_.receive(timeout);
  if (!datagrams) {
    const std::string& why = datagrams.error().message;
    if (const auto more = error_log_.allows(why, MessageLimit::Clock::now()))
      log::error("{}; receiving goes on{}", why, more_like_this(*more));
    std::this_thread::sleep_for(kErrorPause);  // an error that stays must not eat a core
    return false;
  }
  intake_.decode(*datagrams);
  return !datagrams->empty();
}

// Takes what the kernel already holds for us; what comes later finds the door shut, as an exporter that goes on sending
// must not keep us alive. Decoding it may take longer than we have: the rest is counted.
void ReceiveLoop::drain() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point limit = Clock::now() + options_.drain_limit;
  receiver_.let_nothing_in();
  receive(std::chrono::milliseconds{0});  // may come back empty because of the wake-up
  while (receive(std::chrono::milliseconds{0}) && Clock::now() < limit) intake_.hand_over();
  left_ = receiver_.discard();
}

}  // namespace weir::pipeline
