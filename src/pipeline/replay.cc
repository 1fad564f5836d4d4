#include "pipeline/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/bounded_queue.h"
#include "net/capture.h"
#include "pipeline/details.h"
#include "pipeline/shared_state.h"
#include "pipeline/state_file.h"

namespace weir::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

Micros since(Clock::time_point start) { return std::chrono::duration_cast<Micros>(Clock::now() - start); }

class Replay {
 public:
  Replay(ReplayOptions options, store::Store& store, flow::Ledger& ledger, DetailsBoard& details,
         const decode::StateSource& known)
      : options_(std::move(options)),
        store_(store),
        ledger_(ledger),
        details_(details),
        queue_(options_.queue_batches),
        decoder_(options_.decoder),
        flows_(builder(options_.decoder.schema)),
        counters_(builder(flow::Schema::counters())) {
    decoder_.set_state_source(&known);
  }

  ReplaySummary run(uint64_t bytes_total) {
    progress_.bytes_total = bytes_total;
    std::thread writer([this] { write(); });
    for (const std::filesystem::path& file : options_.files) {
      if (ended()) break;
      const uint64_t session = ++session_;
      auto reader = net::CaptureReader::open(file, session);
      if (!reader) {
        summary_.problems.push_back(reader.error().message);
        continue;
      }
      read(*reader, file);
      decoder_.close_connection(session);
      count(reader->counts());
    }
    decoder_.expire(Timestamp::max());
    flows_.seal();
    counters_.seal();
    ledger_.publish(0, decoder_.counters(), {});
    if (auto told = decoder_.take_told(wall_clock_now())) details_.publish(0, *std::move(told));
    queue_.close();
    writer.join();
    if (!write_error_.empty()) summary_.problems.push_back(write_error_);
    summary_.elapsed = since(start_);
    report_progress(true);
    return std::move(summary_);
  }

 private:
  flow::BatchBuilder builder(flow::SchemaPtr schema) {
    return flow::BatchBuilder([this](flow::SealedBatch batch) { hand_over(std::move(batch)); },
                              flow::FlowBatch::kDefaultCapacity, std::move(schema));
  }

  bool ended() const {
    return failed_.load(std::memory_order_relaxed) || (options_.interrupted != nullptr && options_.interrupted->load());
  }

  void read(net::CaptureReader& reader, const std::filesystem::path& file) {
    constexpr uint64_t look_up_every = 4096;  // datagrams between looks at the clock
    for (uint64_t n = 0; !ended(); ++n) {
      const auto captured = reader.next();
      if (!captured) {
        summary_.problems.push_back(
            fmt::format("{}: {}; what was whole is stored", file.string(), captured.error().message));
        return;
      }
      if (!*captured) return;
      take(**captured);
      if (n % look_up_every == 0) {
        progress_.bytes_read = summary_.bytes_read + reader.counts().bytes_read;
        report_progress(false);
      }
    }
  }

  void take(const net::CapturedDatagram& captured) {
    const bool udp = captured.datagram.connection == 0;  // messages of IPFIX files were sent to no port
    if (udp && !options_.ports.empty() &&
        std::find(options_.ports.begin(), options_.ports.end(), captured.destination_port) == options_.ports.end()) {
      ++summary_.other_ports;
      return;
    }
    // Captures are put together from pieces, with days between a template and its data: nothing gets too old here
    // (limits of size hold), so decoder_.expire() waits for the end.
    decoder_.decode(captured.datagram, flows_, &counters_);
    ++summary_.datagrams;
  }

  void count(const net::CaptureCounts& counts) {
    ++summary_.files;
    summary_.other_frames += counts.other_frames;
    summary_.damaged_frames += counts.damaged_frames;
    summary_.bytes_read += counts.bytes_read;
    progress_.bytes_read = summary_.bytes_read;
  }

  void report_progress(bool last) {
    constexpr std::chrono::milliseconds every{200};
    if (!options_.on_progress || (!last && Clock::now() < next_report_)) return;
    next_report_ = Clock::now() + every;
    progress_.elapsed = since(start_);
    options_.on_progress(progress_);
  }

  void hand_over(flow::SealedBatch batch) {
    if (&batch->schema() != flow::Schema::counters().get()) progress_.records += batch->rows();
    if (!queue_.push(std::move(batch))) ledger_.dropped(*batch, flow::DropReason::shutdown);
  }

  // The writing thread. A store that fails ends the replay: there is nobody who sends on meanwhile.
  void write() {
    while (!queue_.finished()) {
      if (auto batch = queue_.pop(std::chrono::milliseconds{100})) store_.add(*std::move(batch));
      store_.flush(wall_clock_now());
      if (!failed_ && !store_.counters().last_error.empty()) fail_with(store_.counters().last_error);
    }
    store_.flush(wall_clock_now(), true);
    if (options_.compact) compact();
    store_.close(wall_clock_now());
    if (!failed_ && !store_.counters().last_error.empty()) fail_with(store_.counters().last_error);
  }

  // Rounds of merging until there is nothing left to merge.
  void compact() {
    uint64_t before = 0;
    do {
      before = store_.counters().segments_compacted;
      store_.maintain(wall_clock_now());
    } while (store_.counters().segments_compacted != before);
  }

  void fail_with(const std::string& error) {
    write_error_ = error;
    failed_.store(true, std::memory_order_relaxed);
  }

  const ReplayOptions options_;
  store::Store& store_;
  flow::Ledger& ledger_;
  DetailsBoard& details_;
  BoundedQueue<flow::SealedBatch> queue_;
  decode::Decoder decoder_;
  flow::BatchBuilder flows_;
  flow::BatchBuilder counters_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_report_{};
  ReplayProgress progress_;
  ReplaySummary summary_;
  uint64_t session_ = 0;  // of the last file
  std::atomic<bool> failed_ = false;
  std::string write_error_;  // of the writing thread, read after it ended
};

}  // namespace

Result<ReplaySummary> replay(ReplayOptions options, std::unique_ptr<store::SegmentWriter> writer) {
  // A name that was mistyped should be heard of before an hour of other files was decoded.
  uint64_t bytes_total = 0;
  for (const std::filesystem::path& file : options.files) {
    std::error_code unknown;
    if (std::filesystem::is_fifo(file, unknown)) continue;  // what is read of a pipe is gone
    const auto reader = net::CaptureReader::open(file);
    if (!reader) return std::unexpected(reader.error());
    bytes_total += reader->file_bytes();
  }
  SharedState known(0, false);
  if (!options.state_file.empty()) {
    const auto state = read_state_file(options.state_file, options.decoder.limits);
    if (!state) return std::unexpected(state.error());
    known.load(state->sessions);
  }
  flow::Ledger ledger;
  DetailsBoard details;
  auto store = store::Store::open(options.store, std::move(writer), ledger);
  if (!store) return std::unexpected(store.error());
  if (const Result<> checked = store::check_types(options.store.directory, *options.decoder.schema); !checked)
    return std::unexpected(checked.error());

  const Timestamp started = wall_clock_now();
  ReplaySummary summary = Replay(std::move(options), *store, ledger, details, known).run(bytes_total);
  summary.report = {.program = "replay",
                    .pid = getpid(),
                    .started = started,
                    .written = wall_clock_now(),
                    .finished = true,
                    .ledger = ledger.snapshot(),
                    .store = store->counters()};
  if (const Result<> written = store->write_ledger(ledger_to_json(summary.report)); !written) {
    summary.problems.push_back(fmt::format("the ledger could not be written: {}", written.error().message));
  }
  if (const Result<> written = store->write_details(details_to_json(details.report())); !written) {
    summary.problems.push_back(fmt::format("the exporters' details could not be written: {}", written.error().message));
  }
  return summary;
}

}  // namespace weir::pipeline
