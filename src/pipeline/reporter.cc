#include "pipeline/reporter.h"

#include <unistd.h>

#include "base/log.h"

namespace weir::pipeline {
namespace {

uint64_t dropped(const flow::LedgerSnapshot& ledger, flow::DropReason reason) {
  uint64_t rows = 0;
  for (const flow::Table table : flow::kDecodedTables) rows += ledger.total.rows(table)[reason];
  return rows;
}

}  // namespace

LedgerReport Reporter::report(bool finished) {
  const Clock::time_point now = Clock::now();
  LedgerReport report{.program = "collect",
                      .pid = getpid(),
                      .run = store_.run_id(),
                      .boot = boot_,
                      .started = options_.started,
                      .written = wall_clock_now(),
                      .interval = options_.interval,
                      .finished = finished,
                      .ledger = {},
                      .store = store_.counters(),
                      .state = state_()};
  {
    const auto held = ledger_.hold();
    report.ledger = ledger_.snapshot_held();
    report.places = places_();
  }
  if (last_at_) {
    const std::chrono::duration<double> passed = now - *last_at_;
    report.recent = recent(last_, report.ledger, passed.count());
  }
  log_changes(report);
  const Result<> written = write(report);
  const std::string error = written ? std::string() : written.error().message;
  if (error.empty()) {
    write_log_.forget();
  } else if (const auto more = write_log_.allows(error, MessageLimit::Clock::now())) {
    log::error("the ledger could not be written: {}{}", error, more_like_this(*more));
  }
  {
    const std::lock_guard lock(mutex_);
    ++(written ? counters_.writes : counters_.failures);
    if (written) counters_.written = report.written;
  }
  last_ = report.ledger;
  last_at_ = now;
  return report;
}

Result<> Reporter::write(const LedgerReport& report) {
  if (!archived_) TRY(archive_ledger(options_.store, report.run));
  archived_ = true;
  TRY(store_.write_ledger(ledger_source(report)));
  if (const uint64_t version = details_.version(); details_written_ != version) {
    TRY(store_.write_details(details_to_json(details_.report())));
    details_written_ = version;
  }
  if (const uint64_t version = streams_.version(); streams_written_ != version) {
    TRY(store_.write_streams(streams_to_json(streams_.list())));
    streams_written_ = version;
  }
  return {};
}

void Reporter::log_changes(const LedgerReport& report) {
  if (report.ledger.socket_drops > last_.socket_drops) {
    log::warn(
        "the kernel dropped {} datagrams: the socket buffer was full (raise collect.socket_buffer or collect.threads)",
        report.ledger.socket_drops - last_.socket_drops);
  }
  if (const uint64_t rows =
          dropped(report.ledger, flow::DropReason::queue_full) - dropped(last_, flow::DropReason::queue_full);
      rows > 0) {
    log::warn(
        "dropped {} flows and counters: the store did not keep up (a faster disk, or a larger collect.queue for short "
        "bursts)",
        rows);
  }
}

}  // namespace weir::pipeline
