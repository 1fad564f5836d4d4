#include "pipeline/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/capture.h"
#include "pipeline/details.h"
#include "pipeline/outlet.h"
#include "pipeline/runs.h"
#include "pipeline/shared_state.h"
#include "pipeline/state_file.h"
#include "pipeline/stream_list.h"

namespace weir::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

Micros since(Clock::time_point start) { return std::chrono::duration_cast<Micros>(Clock::now() - start); }

class Replay {
 public:
  Replay(ReplayOptions options, std::shared_ptr<store::Store> store, flow::Ledger& ledger, DetailsBoard& details,
         StreamBoard& streams, const decode::StateSource& known)
      : options_(std::move(options)),
        store_(std::move(store)),
        ledger_(ledger),
        details_(details),
        streams_(streams),
        outlet_(store_, ledger_,
                {.queue_batches = options_.queue_batches,
                 .finish_limit = std::nullopt,
                 .before_close = [this] { write_all(); }}),
        decoder_(options_.decoder),
        builders_([this](flow::FullBatch batch) { hand_over(std::move(batch)); }, flow::FlowBatch::kDefaultCapacity,
                  options_.decoder.schema) {
    decoder_.set_state_source(&known);
  }

  ReplaySummary run(uint64_t bytes_total) {
    progress_.bytes_total = bytes_total;
    outlet_.start();
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
    builders_.hand_over();
    streams_.publish(0, decoder_.survey_streams(kMaxStreams));
    ledger_.publish(0, decoder_.counters(), {});
    if (auto told = decoder_.take_options(wall_clock_now())) details_.publish(0, *std::move(told));
    outlet_.finish();
    look_for_failure();
    if (!write_error_.empty()) summary_.problems.push_back(write_error_);
    summary_.elapsed = since(start_);
    report_progress(true);
    return std::move(summary_);
  }

 private:
  bool ended() const {
    return !write_error_.empty() || (options_.interrupted != nullptr && options_.interrupted->load());
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
    decoder_.decode(captured.datagram, builders_);
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

  // A store that fails ends the replay: there is nobody who sends on meanwhile.
  void hand_over(flow::FullBatch batch) {
    if (batch->schema().table() == flow::Table::flows) progress_.records += batch->rows();
    {
      const auto held = ledger_.hold();
      ledger_.note_handed_over(0, batch->schema().table(), batch->rows());
      outlet_.put(seal(std::move(batch)));
    }
    look_for_failure();
  }

  void look_for_failure() {
    if (write_error_.empty()) write_error_ = store_->counters().last_error;
  }

  // In the outlet's thread, when everything was added.
  void write_all() {
    store_->flush(wall_clock_now(), true);
    if (options_.compact) compact();
  }

  // Rounds of merging until there is nothing left to merge.
  void compact() {
    uint64_t before = 0;
    do {
      before = store_->counters().segments_compacted;
      store_->maintain(wall_clock_now());
    } while (store_->counters().segments_compacted != before);
  }

  const ReplayOptions options_;
  const std::shared_ptr<store::Store> store_;
  flow::Ledger& ledger_;
  DetailsBoard& details_;
  StreamBoard& streams_;
  Outlet outlet_;
  decode::Decoder decoder_;
  flow::TableBuilders builders_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_report_{};
  ReplayProgress progress_;
  ReplaySummary summary_;
  uint64_t session_ = 0;     // of the last file
  std::string write_error_;  // the first one; empty: none
};

}  // namespace

Result<ReplaySummary> replay(ReplayOptions options, std::unique_ptr<store::SegmentWriter> writer) {
  // A mistyped name is reported before an hour of other files is decoded.
  uint64_t bytes_total = 0;
  for (const std::filesystem::path& file : options.files) {
    std::error_code unknown;
    if (std::filesystem::is_fifo(file, unknown)) continue;  // what is read of a pipe is gone
    bytes_total += TRY(net::CaptureReader::open(file)).file_bytes();
  }
  SharedState known(0, false);
  if (!options.state_file.empty()) {
    known.load(TRY(read_state_file(options.state_file, options.decoder.limits)).sessions);
  }
  flow::Ledger ledger;
  DetailsBoard details;
  StreamBoard streams;
  const auto store = std::make_shared<store::Store>(TRY(store::Store::open(options.store, std::move(writer))));
  TRY(store::check_types(options.store.directory, *options.decoder.schema));

  LedgerReport report{.program = "replay",
                      .pid = getpid(),
                      .run = store->run_id(),
                      .boot = boot_id(),
                      .started = wall_clock_now(),
                      .ledger = {},
                      .store = {}};
  report.written = report.started;
  // A replay leaves the streams where they were.
  report.places = places_before(options.store.directory);
  TRY(archive_ledger(options.store.directory, report.run));
  TRY(store->write_ledger(ledger_source(report)));  // of a replay that is killed there is this
  ReplaySummary summary = Replay(std::move(options), store, ledger, details, streams, known).run(bytes_total);
  report.written = wall_clock_now();
  report.finished = true;
  report.ledger = ledger.snapshot();
  report.store = store->counters();
  summary.report = std::move(report);
  if (const Result<> written = store->write_ledger(ledger_source(summary.report)); !written) {
    summary.problems.push_back(fmt::format("the ledger could not be written: {}", written.error().message));
  }
  if (const Result<> written = store->write_details(details_to_json(details.report())); !written) {
    summary.problems.push_back(fmt::format("the exporters' details could not be written: {}", written.error().message));
  }
  if (const Result<> written = store->write_streams(streams_to_json(streams.list())); !written) {
    summary.problems.push_back(fmt::format("the list of streams could not be written: {}", written.error().message));
  }
  return summary;
}

}  // namespace weir::pipeline
