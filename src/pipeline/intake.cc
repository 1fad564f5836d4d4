#include "pipeline/intake.h"

#include <algorithm>
#include <utility>

namespace weir::pipeline {
namespace {

// Changed sessions that are handed out in one go: that takes some milliseconds, in which the sockets have to wait.
constexpr size_t kMaxChangesPerTick = 2000;
// Datagrams whose exporters are fetched into the cache together, and whose time is measured together.
constexpr size_t kDecodedAtOnce = 16;

}  // namespace

Intake::Intake(decode::DecoderOptions decoder, const ReceiveLoopOptions& options, BatchQueue& queue,
               flow::Ledger& ledger, std::function<flow::SocketCounters()> sockets)
    : schema_(decoder.schema),
      decoder_(std::move(decoder)),
      options_(options),
      queue_(queue),
      ledger_(ledger),
      sockets_(std::move(sockets)),
      flows_(builder(schema_)),
      counters_(builder(flow::Schema::counters())),
      next_tick_(Clock::now() + options.seal_every) {
  decoder_.set_state_source(options.state);
  if (options.shared != nullptr) decoder_.set_shared(options.shared);
}

flow::BatchBuilder Intake::builder(flow::SchemaPtr schema) {
  return flow::BatchBuilder([this](flow::SealedBatch batch) { sealed_.push_back(std::move(batch)); },
                            options_.batch_rows, std::move(schema));
}

void Intake::seal() {
  flows_.seal();
  counters_.seal();
}

void Intake::decode(std::span<const Datagram> datagrams) {
  if (options_.memory != nullptr && options_.memory->refusing()) {
    for (const Datagram& datagram : datagrams) decoder_.refuse(datagram, flow::Anomaly::memory_limit);
    return;
  }
  while (!datagrams.empty()) {
    const auto next = datagrams.first(std::min(kDecodedAtOnce, datagrams.size()));
    const Clock::time_point start = Clock::now();
    decoder_.expect(next);
    for (const Datagram& datagram : next) decoder_.decode(datagram, flows_, &counters_);
    const std::chrono::duration<double> took = Clock::now() - start;
    decode_times_.observe(took.count() / static_cast<double>(next.size()), next.size());
    datagrams = datagrams.subspan(next.size());
  }
}

void Intake::hand_over() {
  push();
  if (Clock::now() >= next_tick_) tick();
}

void Intake::finish() {
  if (options_.shared != nullptr) decoder_.take_shared(flows_, &counters_);
  exchange_state(SIZE_MAX);
  decoder_.expire(Timestamp::max());
  seal();
  publish();
  publish_details();
  push();
}

void Intake::set_options(decode::DecoderOptions options) {
  const std::lock_guard lock(mutex_);
  new_options_ = std::move(options);
}

// Once a second: what is younger than a segment moves on, what is too old is given up, the ledger hears of it.
void Intake::tick() {
  take_options();
  exchange_state(kMaxChangesPerTick);
  if (options_.shared != nullptr) decoder_.take_shared(flows_, &counters_);
  decoder_.expire(wall_clock_now());
  seal();
  publish();
  publish_details();
  push();
  next_tick_ = Clock::now() + options_.seal_every;
}

// What other collectors learned, and what we did.
void Intake::exchange_state(size_t max_sessions) {
  if (options_.state == nullptr) return;
  const Timestamp now = wall_clock_now();
  for (const decode::SessionStatePtr& state : options_.state->take_imports(options_.number)) {
    decoder_.import_state(*state, now, flows_);
  }
  options_.state->update(decoder_.take_changes(now, max_sessions));
}

void Intake::take_options() {
  std::optional<decode::DecoderOptions> options;
  {
    const std::lock_guard lock(mutex_);
    options = std::exchange(new_options_, std::nullopt);
  }
  if (!options) return;
  if (options->schema != schema_) {
    // Rows of before keep their columns.
    flows_.seal();
    schema_ = options->schema;
    flows_ = builder(schema_);
  }
  decoder_.set_options(*std::move(options));
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

void Intake::publish_details() {
  if (options_.details == nullptr) return;
  if (auto told = decoder_.take_told(wall_clock_now())) options_.details->publish(options_.number, *std::move(told));
}

}  // namespace weir::pipeline
