#include "pipeline/intake.h"

#include <utility>

namespace weir::pipeline {

Intake::Intake(decode::DecoderOptions decoder, const ReceiveLoopOptions& options, BatchQueue& queue,
               flow::Ledger& ledger, std::function<flow::SocketCounters()> sockets)
    : decoder_(std::move(decoder)),
      options_(options),
      queue_(queue),
      ledger_(ledger),
      sockets_(std::move(sockets)),
      builder_([this](flow::SealedBatch batch) { sealed_.push_back(std::move(batch)); }, options.batch_rows),
      next_tick_(Clock::now() + options.seal_every) {}

void Intake::hand_over() {
  push();
  if (Clock::now() >= next_tick_) tick();
}

void Intake::finish() {
  decoder_.expire(Timestamp::max());
  builder_.seal();
  publish();
  push();
}

void Intake::set_options(decode::DecoderOptions options) {
  const std::lock_guard lock(mutex_);
  new_options_ = std::move(options);
}

// Once a second: what is younger than a segment moves on, what is too old is given up, the ledger hears of it.
void Intake::tick() {
  take_options();
  decoder_.expire(wall_clock_now());
  builder_.seal();
  publish();
  push();
  next_tick_ = Clock::now() + options_.seal_every;
}

void Intake::take_options() {
  std::optional<decode::DecoderOptions> options;
  {
    const std::lock_guard lock(mutex_);
    options = std::exchange(new_options_, std::nullopt);
  }
  if (options) decoder_.set_options(*std::move(options));
}

// Publishes before the batches leave, so that nobody sees more rows stored than decoded; but with very many exporters a
// publication is expensive, and then at most a tenth of the time goes into it.
void Intake::push() {
  if (sealed_.empty()) return;
  if (Clock::now() >= next_publish_) publish();
  for (flow::SealedBatch& batch : sealed_) {
    if (!queue_.try_push(std::move(batch))) ledger_.dropped(*batch, flow::DropReason::queue_full);
  }
  sealed_.clear();
}

void Intake::publish() {
  const Clock::time_point start = Clock::now();
  ledger_.publish(options_.number, decoder_.counters(), sockets_());
  const Clock::time_point end = Clock::now();
  next_publish_ = end + 9 * (end - start);
}

}  // namespace weir::pipeline
