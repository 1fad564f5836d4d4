#include "pipeline/collector.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "pipeline/store_loop.h"

namespace weir::pipeline {

Result<std::unique_ptr<Collector>> Collector::start(CollectorOptions options,
                                                    std::unique_ptr<store::SegmentWriter> writer) {
  std::unique_ptr<Collector> collector(new Collector(std::move(options)));
  if (Result<> opened = collector->open(std::move(writer)); !opened) return std::unexpected(opened.error());
  collector->start_threads();
  return collector;
}

Collector::Collector(CollectorOptions options)
    : options_(std::move(options)), started_(wall_clock_now()), queue_(options_.queue_batches) {}

Collector::~Collector() {
  if (running_) stop();
}

// The store first: whoever loses the race for it must not have taken datagrams from the one that runs.
Result<> Collector::open(std::unique_ptr<store::SegmentWriter> writer) {
  Result<store::Store> store = store::Store::open(options_.store, std::move(writer), ledger_);
  if (!store) return std::unexpected(store.error());
  store_ = *std::move(store);
  reporter_.emplace(ledger_, *store_, started_);

  auto receivers = net::Receiver::open(options_.listen, options_.threads, options_.receiver);
  if (!receivers) return std::unexpected(receivers.error());
  CHECK(!receivers->empty());
  ports_ = receivers->front().ports();
  granted_buffer_bytes_ = receivers->front().granted_buffer_bytes();
  for (net::Receiver& receiver : *receivers) {
    granted_buffer_bytes_ = std::min(granted_buffer_bytes_, receiver.granted_buffer_bytes());
    ReceiveLoopOptions loop = options_.loop;
    loop.number = loops_.size();
    loops_.push_back(std::make_unique<ReceiveLoop>(std::move(receiver), options_.decoder, loop, queue_, ledger_));
  }
  return {};
}

void Collector::start_threads() {
  store_thread_ = std::thread([this] { run_store_loop(queue_, *store_); });
  maintenance_.emplace(options_.maintain_every, [this] { store_->maintain(wall_clock_now()); });
  reporting_.emplace(options_.report_every, [this] { reporter_->report(false); });
  for (const auto& loop : loops_) receive_threads_.emplace_back([&loop = *loop] { loop.run(); });
  running_ = true;
}

void Collector::reload(const decode::DecoderOptions& decoder, const store::StoreOptions& store) {
  for (const auto& loop : loops_) loop->set_options(decoder);
  store_->set_options(store);
}

LedgerReport Collector::stop() {
  CHECK(running_);
  running_ = false;
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : receive_threads_) thread.join();
  // From here on nothing new comes in: every datagram is in the ledger, every row in the queue or the store.
  queue_.close();
  store_thread_.join();
  // Every row is stored or dropped.
  reporting_->stop();
  LedgerReport report = reporter_->report(true);
  // Last, as it may take a while to finish a merge; being ended meanwhile loses nothing.
  maintenance_->stop();
  return report;
}

}  // namespace weir::pipeline
