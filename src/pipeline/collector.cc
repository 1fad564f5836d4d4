#include "pipeline/collector.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "pipeline/cpu_affinity.h"
#include "pipeline/store_loop.h"
#include "pipeline/thread_name.h"

namespace weir::pipeline {

Result<std::unique_ptr<Collector>> Collector::start(CollectorOptions options,
                                                    std::unique_ptr<store::SegmentWriter> writer) {
  std::unique_ptr<Collector> collector(new Collector(std::move(options)));
  if (Result<> opened = collector->open(std::move(writer)); !opened) return std::unexpected(opened.error());
  if (Result<> started = collector->start_threads(); !started) return std::unexpected(started.error());
  return collector;
}

Collector::Collector(CollectorOptions options)
    : options_(std::move(options)),
      started_(wall_clock_now()),
      memory_(options_.memory_limit_bytes),
      queue_(options_.queue_batches) {}

Collector::~Collector() { join_threads(); }

// The store first: whoever loses the race for it must not have taken datagrams from the one that runs.
Result<> Collector::open(std::unique_ptr<store::SegmentWriter> writer) {
  if (Result<> checked = check_cpus(options_.cpus); !checked) return checked;
  Result<store::Store> store = store::Store::open(options_.store, std::move(writer), ledger_);
  if (!store) return std::unexpected(store.error());
  store_ = *std::move(store);
  if (Result<> checked = store::check_types(options_.store.directory, *options_.decoder.schema); !checked)
    return std::unexpected(checked.error());
  open_state();
  reporter_.emplace(ledger_, details_, *store_, started_, [this] { return state_report(); });

  auto receivers = net::Receiver::open(options_.listen, options_.threads, options_.receiver);
  if (!receivers) return std::unexpected(receivers.error());
  CHECK(!receivers->empty());
  ports_ = receivers->front().ports();
  const bool several = receivers->size() > 1;
  const bool shared = several && options_.receiver.spread == net::Spread::datagram;
  if (several && !receivers->front().spread_as_asked()) {
    log::warn("{}",
              shared ? "the kernel cannot spread single datagrams over threads: it goes by address and port, so that "
                       "an exporter of one port keeps one thread busy only"
                     : "the kernel cannot spread exporters over threads by their address alone: one that changes its "
                       "port may reach a thread that does not have its templates (collect.threads = 1 avoids it)");
  }
  if (shared) shared_exporters_.emplace();
  granted_buffer_bytes_ = receivers->front().granted_buffer_bytes();
  for (net::Receiver& receiver : *receivers) {
    granted_buffer_bytes_ = std::min(granted_buffer_bytes_, receiver.granted_buffer_bytes());
    ReceiveLoopOptions loop = loop_options();
    if (state_) loop.state = &*state_;
    if (shared_exporters_) loop.shared = &*shared_exporters_;
    loops_.push_back(std::make_unique<ReceiveLoop>(std::move(receiver), options_.decoder, loop, queue_, ledger_));
  }
  return open_streams();
}

Result<> Collector::open_streams() {
  if (options_.listen_tcp.empty() && options_.listen_tls.empty()) return {};
  auto listener = net::StreamListener::open(options_.listen_tcp, options_.listen_tls, options_.tls, options_.streams);
  if (!listener) return std::unexpected(listener.error());
  stream_ports_ = listener->ports();
  if (const size_t most = listener->most_connections(); most < options_.streams.connections) {
    log::warn("at most {} connections instead of {}: the process may not open more files (ulimit -n)", most,
              options_.streams.connections);
  }
  stream_loop_ = std::make_unique<StreamLoop>(*std::move(listener), options_.decoder, loop_options(), queue_, ledger_);
  return {};
}

// Of the next receiving thread.
ReceiveLoopOptions Collector::loop_options() {
  ReceiveLoopOptions loop = options_.loop;
  loop.number = loops_.size();
  loop.details = &details_;
  loop.memory = &memory_;
  return loop;
}

StateReport Collector::state_report() const {
  return {.file = state_file_ ? std::optional(state_file_->counters()) : std::nullopt,
          .sharing = sharing_ ? std::optional(sharing_->counters()) : std::nullopt};
}

MetricsReport Collector::metrics() const {
  MetricsReport report{.ledger = {.program = "collect",
                                  .started = started_,
                                  .written = wall_clock_now(),
                                  .ledger = ledger_.snapshot(),
                                  .store = store_->counters(),
                                  .state = state_report()},
                       .queue_batches = queue_.size(),
                       .queue_capacity = options_.queue_batches,
                       .memory_refusing = memory_.refusing(),
                       .memory_limit_bytes = memory_.limit()};
  for (const auto& loop : loops_) report.decode_times += loop->decode_times();
  if (stream_loop_) report.decode_times += stream_loop_->decode_times();
  return report;
}

void Collector::open_state() {
  if (options_.state_file.empty() && !options_.redis) return;
  state_.emplace(options_.threads, options_.redis.has_value());
  if (options_.state_file.empty()) return;
  state_file_.emplace(options_.state_file, *state_);
  state_file_->load(started_, options_.decoder.limits);
}

Result<> Collector::start_threads() {
  try {
    const auto lifetime = options_.decoder.limits.template_lifetime;
    if (state_file_) {
      saving_.emplace("state", options_.save_state_every,
                      [this, lifetime] { state_file_->save(wall_clock_now(), lifetime); });
    }
    if (options_.redis) sharing_.emplace(*options_.redis, options_.decoder.limits, *state_);
    store_thread_ = std::thread([this] {
      name_this_thread("store");
      run_store_loop(queue_, *store_);
    });
    maintenance_.emplace("maintain", options_.maintain_every, [this] { store_->maintain(wall_clock_now()); });
    watching_.emplace("memory", options_.check_memory_every, [this] { memory_.check(); });
    reporting_.emplace("report", options_.report_every, [this] { reporter_->report(false); });
    for (size_t i = 0; i < loops_.size(); ++i) {
      receive_threads_.emplace_back([this, i, &loop = *loops_[i]] {
        name_this_thread("receive");
        if (!options_.cpus.empty()) pin_this_thread(options_.cpus[i % options_.cpus.size()]);
        loop.run();
      });
    }
    if (stream_loop_) {
      receive_threads_.emplace_back([this] {
        name_this_thread("stream");
        stream_loop_->run();
      });
    }
  } catch (const std::system_error& e) {
    return fail("cannot start a thread: {}; raise the limit of processes (ulimit -u) or lower collect.threads",
                e.what());
  }
  return {};
}

Result<> Collector::reload(const decode::DecoderOptions& decoder, const store::StoreOptions& store,
                           const net::StreamLimits& streams, std::optional<net::TlsContext> tls,
                           std::optional<uint64_t> memory_limit_bytes) {
  if (Result<> checked = store::check_types(options_.store.directory, *decoder.schema); !checked) return checked;
  for (const auto& loop : loops_) loop->set_options(decoder);
  if (stream_loop_) {
    stream_loop_->set_options(decoder);
    stream_loop_->set_streams(streams, std::move(tls));
  }
  store_->set_options(store);
  memory_.set_limit(memory_limit_bytes);
  return {};
}

LedgerReport Collector::stop() {
  join_threads();
  LedgerReport report = reporter_->report(true);
  // Last, as it may take a moment to break off a merge; being ended meanwhile loses nothing.
  maintenance_->stop();
  return report;
}

// In the order of the data; all but the maintenance, which nothing waits for. A second call does nothing.
void Collector::join_threads() {
  for (const auto& loop : loops_) loop->stop();
  if (stream_loop_) stream_loop_->stop();
  for (std::thread& thread : receive_threads_) thread.join();
  receive_threads_.clear();
  // From here on nothing new comes in: every datagram is in the ledger, every row in the queue or the store.
  queue_.close();
  if (saving_) {
    saving_->stop();
    state_file_->save(wall_clock_now(), options_.decoder.limits.template_lifetime);
    saving_.reset();
  }
  if (sharing_) sharing_->stop();
  if (watching_) watching_->stop();
  if (store_thread_.joinable()) store_thread_.join();
  // Every row is stored or dropped.
  if (reporting_) reporting_->stop();
}

}  // namespace weir::pipeline
