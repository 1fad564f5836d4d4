#include "pipeline/collector.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "pipeline/cpu_affinity.h"
#include "pipeline/periodic.h"
#include "pipeline/thread_name.h"

namespace weir::pipeline {

Result<std::unique_ptr<Collector>> Collector::start(CollectorOptions options,
                                                    std::unique_ptr<store::SegmentWriter> writer) {
  std::unique_ptr<Collector> collector(new Collector(std::move(options)));
  TRY(collector->open(std::move(writer)));
  collector->plan_stages();
  try {
    collector->stages_.start();
  } catch (const std::system_error& e) {
    return fail("cannot start a thread: {}; raise the limit of processes (ulimit -u) or lower collect.threads",
                e.what());
  }
  return collector;
}

Collector::Collector(CollectorOptions options)
    : options_(std::move(options)),
      started_(wall_clock_now()),
      history_(started_),
      memory_(options_.memory_limit_bytes, [this] { return receiving_bytes(); }) {}

Collector::~Collector() = default;

// The store comes first: a second collector fails on its lock before it takes datagrams from the one that runs.
Result<> Collector::open(std::unique_ptr<store::SegmentWriter> writer) {
  TRY(check_cpus(options_.cpus));
  store_ = std::make_shared<store::Store>(TRY(store::Store::open(options_.store, std::move(writer))));
  TRY(store::check_types(options_.store.directory, *options_.decoder.schema));
  open_outlets();
  open_state();
  open_places();
  TRY(open_journal());
  reporter_.emplace(
      ledger_, details_, streams_, *store_,
      ReporterOptions{.store = options_.store.directory, .started = started_, .interval = options_.report_every},
      [this] { return state_report(); }, [this] { return places(); });

  std::vector<net::Receiver> receivers = TRY(net::Receiver::open(options_.listen, options_.threads, options_.receiver));
  CHECK(!receivers.empty());
  ports_ = receivers.front().ports();
  const bool several = receivers.size() > 1;
  const bool shared = several && options_.receiver.spread == net::Spread::datagram;
  if (several && !receivers.front().spread_as_asked()) {
    log::warn("{}",
              shared ? "the kernel cannot spread single datagrams over threads: it goes by address and port, so that "
                       "an exporter of one port keeps one thread busy only"
                     : "the kernel cannot spread exporters over threads by their address alone: one that changes its "
                       "port may reach a thread that does not have its templates (collect.threads = 1 avoids it)");
  }
  if (shared) shared_exporters_.emplace();
  granted_buffer_bytes_ = receivers.front().granted_buffer_bytes();
  for (net::Receiver& receiver : receivers) {
    granted_buffer_bytes_ = std::min(granted_buffer_bytes_, receiver.granted_buffer_bytes());
    ReceiveLoopOptions loop = loop_options();
    if (state_) loop.state = &*state_;
    if (shared_exporters_) loop.shared = &*shared_exporters_;
    loops_.push_back(
        std::make_unique<ReceiveLoop>(std::move(receiver), share_of(options_.decoder), loop, batch_out(), ledger_));
  }
  TRY(open_streams());
  // From here on what an earlier run left is not taken for this one's.
  reporter_->report(false);
  return {};
}

Result<> Collector::open_streams() {
  if (options_.listen_tcp.empty() && options_.listen_tls.empty()) return {};
  net::StreamListener listener =
      TRY(net::StreamListener::open(options_.listen_tcp, options_.listen_tls, options_.tls, options_.streams));
  stream_ports_ = listener.ports();
  if (const size_t most = listener.most_connections(); most < options_.streams.connections) {
    log::warn("at most {} connections instead of {}: the process may not open more files (ulimit -n)", most,
              options_.streams.connections);
  }
  stream_loop_ = std::make_unique<StreamLoop>(std::move(listener), share_of(options_.decoder), loop_options(),
                                              batch_out(), ledger_);
  return {};
}

// What limits.memory is about: a merge has a limit of its own, and must not keep datagrams out.
Result<uint64_t> Collector::receiving_bytes() const {
  const uint64_t resident = TRY(resident_bytes());
  return resident - std::min(resident, store_->merge_memory_bytes());
}

void Collector::open_outlets() {
  // The store never leaves rows behind: it ends as soon as the disk has taken or refused them.
  outlets_.add(store_, {.queue_batches = options_.queue_batches,
                        .queue_bytes = options_.queue_bytes,
                        .finish_limit = std::nullopt,
                        .before_close = [this] { note_history(true); }});
  for (const SinkOptions& further : options_.sinks) outlets_.add(further.sink, further.outlet);
  if (options_.passes.empty()) return;
  enrich_.emplace(options_.passes, options_.queue_batches, ledger_,
                  [this](const flow::SealedBatch& batch) { deliver(batch); });
}

// Of earlier runs nothing is dropped: nobody waits for them.
void Collector::deliver(const flow::SealedBatch& batch) {
  if (journal_ && batch->marks() && journal_->is_earlier(*batch->marks())) return outlets_.put(batch);
  outlets_.offer(batch);
}

// Where the receiving threads leave full batches.
BatchOut Collector::batch_out() {
  return [this](flow::FullBatch batch) {
    if (enrich_) return enrich_->offer(std::move(batch));
    outlets_.offer(seal(std::move(batch)));
  };
}

// Of the next receiving thread.
// The threads have one budget of memory for what they remember of exporters.
decode::DecoderOptions Collector::share_of(decode::DecoderOptions decoder) const {
  const bool streams = !options_.listen_tcp.empty() || !options_.listen_tls.empty();
  decoder.limits.memory /= std::max<size_t>(options_.threads, 1) + (streams ? 1 : 0);
  return decoder;
}

ReceiveLoopOptions Collector::loop_options() {
  ReceiveLoopOptions loop = options_.loop;
  loop.number = loops_.size();
  loop.places_before = places_before_ ? &*places_before_ : nullptr;
  loop.places = options_.redis ? nullptr : &places_;
  loop.details = &details_;
  loop.streams = &streams_;
  loop.memory = &memory_;
  loop.seal_after = seal_after(options_.store.flush_interval);
  if (options_.journal) loop.journal = journal_.get();
  return loop;
}

StateReport Collector::state_report() const {
  const RedisSharing* const sharing = running_sharing_.load(std::memory_order_acquire);
  return {.file = state_file_ ? std::optional(state_file_->counters()) : std::nullopt,
          .sharing = sharing != nullptr ? std::optional(sharing->counters()) : std::nullopt};
}

MetricsReport Collector::metrics() const {
  MetricsReport report{.ledger = {.program = "collect",
                                  .run = store_->run_id(),
                                  .started = started_,
                                  .written = wall_clock_now(),
                                  .ledger = ledger_.snapshot(),
                                  .store = store_->counters(),
                                  .state = state_report()},
                       .reporter = reporter_->counters(),
                       .account_rows = history_account_->rows(flow::Table::account),
                       .outlets = outlets_.report(),
                       .enrich = enrich_ ? std::optional(enrich_->counters()) : std::nullopt,
                       .decode_times = {},
                       .memory_refusing = memory_.refusing(),
                       .memory_limit_bytes = memory_.limit()};
  if (journal_) report.journal = journal_->counters();
  for (const auto& loop : loops_) report.decode_times += loop->decode_times();
  if (stream_loop_) report.decode_times += stream_loop_->decode_times();
  return report;
}

void Collector::open_state() {
  if (options_.state_file.empty() && !options_.redis && !options_.journal) return;
  state_.emplace(options_.threads, options_.redis.has_value());
  if (options_.state_file.empty()) return;
  state_file_.emplace(options_.state_file, *state_);
  state_file_->load(started_, options_.decoder.limits);
}

// Where streams were when the run before noted it. Collectors that share exporters do not know what was sent to the
// others.
void Collector::open_places() {
  if (options_.redis) return;
  places_before_.emplace(places_before(options_.store.directory), started_);
}

// The caller holds Ledger::hold().
std::vector<decode::SequencePlace> Collector::places() const {
  std::vector<decode::SequencePlace> places = places_.list();
  if (!places_before_) return places;
  std::vector<decode::SequencePlace> left = places_before_->left(wall_clock_now());
  left.resize(std::min(left.size(), kMaxPlaces - places.size()));
  places.insert(places.end(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
  return places;
}

// last: in the thread of the store's outlet, which has everything.
void Collector::note_history(bool last) {
  const Timestamp now = wall_clock_now();
  if (!last && !history_.is_due(now)) return;
  if (last) store_->flush(now, true);
  const auto uptime = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started_at_);
  const flow::SealedBatch rows = history_.rows(ledger_.snapshot(), now, uptime);
  if (last) return store_->add(rows, {history_account_, *rows});
  outlets_.offer_to_store(rows, history_account_);
}

// What an earlier run has left is decoded again also if no journal is wanted any more.
Result<> Collector::open_journal() {
  const std::filesystem::path folder = options_.store.directory / "journal";
  std::error_code error;
  if (!options_.journal && !std::filesystem::exists(folder, error)) return {};
  journal_ = TRY(journal::Journal::open({.folder = folder,
                                         .max_bytes = options_.journal_bytes,
                                         .started = started_,
                                         .state_file = state_file_.has_value()}));
  ledger_.outlet(store_->name())->set_listener(journal_.get());
  store_->set_forget([this](flow::Marks& marks) { journal_->drop_removed(marks); });
  if (state_file_) {
    state_file_->set_journal(
        {.may_save = [this](const auto& reached) { return journal_->is_done(reached); },
         .will_reach = [this](Timestamp saved, const auto& reached) { journal_->state_reaches(saved, reached); },
         .saved = [this](const auto& reached) { journal_->state_saved(reached); },
         .every = options_.save_state_every});
  }
  const journal::Leftover& left = journal_->leftover();
  if (left.streams.empty()) return {};
  flow::PerTable<flow::Marks> stored;
  if (left.first_received()) {
    auto marks = store::stored_marks(options_.store.directory, *left.first_received(), *left.last_received());
    if (!marks) {
      return fail("what is stored of the journal in {} cannot be told: {}; repair that, or move the folder away",
                  folder.string(), marks.error().message);
    }
    stored = *std::move(marks);
  }
  const bool streams = !options_.listen_tcp.empty() || !options_.listen_tls.empty();
  ReceiveLoopOptions loop = options_.loop;
  loop.number = options_.threads + (streams ? 1 : 0);
  loop.state = state_ ? &*state_ : nullptr;
  const auto keep = [this](flow::FullBatch batch) {
    if (enrich_) return enrich_->put(std::move(batch));
    deliver(seal(std::move(batch)));
  };
  const auto known = [this](flow::FullBatch batch) { outlets_.pass(seal(std::move(batch))); };
  recovery_.emplace(*journal_, journal::Coverage(left, std::move(stored)), options_.decoder, loop, keep, known,
                    ledger_);
  if (state_file_ && state_file_->loaded()) recovery_->set_reached(journal_->reached_by(*state_file_->loaded()));
  return {};
}

// A stage that does the same work again and again; `last` is done when it has stopped.
void Collector::add_periodic(const char* name, std::chrono::milliseconds interval, std::function<void()> work,
                             std::function<void()> last) {
  const auto periodic = std::make_shared<std::optional<Periodic>>();
  stages_.add([=] { periodic->emplace(name, interval, work); },
              [=] {
                periodic->reset();
                if (last) last();
              });
}

// From the end of the data to its beginning: each stage finds what it hands on to already running, and is stopped
// before it.
void Collector::plan_stages() {
  // Ended last, as a merge may take a moment to break off; being killed meanwhile loses nothing.
  add_periodic("maintain", options_.maintain_every, [this] { store_->maintain(wall_clock_now()); });
  if (journal_) {
    // Ended when every row is stored or dropped.
    add_periodic(
        "journal", options_.sync_journal_every,
        [this] {
          journal_->sync();
          journal_->clean(false);
        },
        [this] {
          if (state_file_) state_file_->save_last(wall_clock_now(), options_.decoder.limits.template_lifetime);
          journal_->clean(true);
        });
  }
  const auto scrub = std::make_shared<std::optional<Periodic>>();
  stages_.add([=, this] { scrub->emplace("scrub", options_.scrub_every, [this] { store_->scrub(wall_clock_now()); }); },
              [=, this] {
                store_->stop_scrub();
                scrub->reset();
              });
  // Its last account: every row is stored or dropped.
  add_periodic(
      "report", options_.report_every, [this] { reporter_->report(false); },
      [this] {
        if (ending_) last_report_ = reporter_->report(true);
      });
  stages_.add([this] { outlets_.start(); }, [this] { outlets_.finish(); });
  add_periodic("account", options_.account_every, [this] { note_history(false); });
  if (enrich_) stages_.add([this] { enrich_->start(); }, [this] { enrich_->finish(); });
  add_periodic("memory", options_.check_memory_every, [this] { memory_.check(); });
  if (options_.redis) {
    stages_.add(
        [this] {
          sharing_.emplace(*options_.redis, options_.redis_tls, options_.redis_server_name, options_.decoder.limits,
                           *state_);
          running_sharing_.store(&*sharing_, std::memory_order_release);
        },
        [this] { sharing_->stop(); });
  }
  if (state_file_) {
    const auto lifetime = options_.decoder.limits.template_lifetime;
    add_periodic(
        "state",
        journal_ ? std::min(options_.save_state_every, options_.sync_journal_every) : options_.save_state_every,
        [=, this] { state_file_->save_now_and_then(wall_clock_now(), lifetime); },
        [=, this] {
          if (!journal_) state_file_->save(wall_clock_now(), lifetime);
        });
  }
  if (recovery_) {
    const auto waiting = std::make_shared<std::optional<Periodic>>();
    stages_.add(
        [=, this] {
          recovery_->run();
          waiting->emplace("recover", std::chrono::milliseconds{1'000}, [this] { recovery_->look(); });
        },
        [=, this] {
          waiting->reset();
          recovery_->finish();
        });
  }
  // Once it has stopped nothing new comes in: every datagram is in the ledger, every row on its way to the outlets.
  stages_.add([this] { start_receiving(); }, [this] { stop_receiving(); });
}

void Collector::start_receiving() {
  try {
    for (size_t i = 0; i < loops_.size(); ++i) {
      receive_threads_.emplace_back([this, i, &loop = *loops_[i]] {
        name_this_thread("receive");
        if (!options_.cpus.empty()) pin_this_thread(options_.cpus[i % options_.cpus.size()]);
        loop.run();
      });
    }
    if (!stream_loop_) return;
    receive_threads_.emplace_back([this] {
      name_this_thread("stream");
      stream_loop_->run();
    });
  } catch (const std::system_error&) {
    stop_receiving();
    throw;
  }
}

void Collector::stop_receiving() {
  for (const auto& loop : loops_) loop->stop();
  if (stream_loop_) stream_loop_->stop();
  for (std::thread& thread : receive_threads_) thread.join();
  receive_threads_.clear();
}

Result<> Collector::reload(const decode::DecoderOptions& decoder, const store::StoreOptions& store,
                           const net::StreamLimits& streams, std::optional<net::TlsContext> tls,
                           std::optional<uint64_t> memory_limit_bytes) {
  TRY(store::check_types(options_.store.directory, *decoder.schema));
  const std::chrono::milliseconds sealed = seal_after(store.flush_interval);
  for (const auto& loop : loops_) loop->set_options(share_of(decoder), sealed);
  if (stream_loop_) {
    stream_loop_->set_options(share_of(decoder), sealed);
    stream_loop_->set_streams(streams, std::move(tls));
  }
  store_->set_options(store);
  memory_.set_limit(memory_limit_bytes);
  return {};
}

LedgerReport Collector::stop() {
  ending_ = true;
  stages_.stop();
  return last_report_;
}

}  // namespace weir::pipeline
