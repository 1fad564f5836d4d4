#include "pipeline/reporter.h"

#include <unistd.h>

#include "base/log.h"

namespace weir::pipeline {
namespace {

uint64_t dropped(const flow::LedgerSnapshot& ledger, flow::DropReason reason) {
  uint64_t rows = 0;
  for (const flow::Table table : flow::kTables) rows += ledger.total.rows(table)[reason];
  return rows;
}

}  // namespace

LedgerReport Reporter::report(bool finished) {
  LedgerReport report{.program = "collect",
                      .pid = getpid(),
                      .started = started_,
                      .written = wall_clock_now(),
                      .finished = finished,
                      .ledger = ledger_.snapshot(),
                      .store = store_.counters(),
                      .state = state_()};
  log_changes(report);
  const Result<> written = write(report);
  const std::string error = written ? std::string() : written.error().message;
  if (error.empty()) {
    write_log_.forget();
  } else if (const auto more = write_log_.allows(error, MessageLimit::Clock::now())) {
    log::error("the ledger could not be written: {}{}", error, more_like_this(*more));
  }
  last_ = report.ledger;
  return report;
}

Result<> Reporter::write(const LedgerReport& report) {
  if (Result<> written = store_.write_ledger(ledger_to_json(report)); !written) return written;
  if (const uint64_t version = details_.version(); details_written_ != version) {
    if (Result<> written = store_.write_details(details_to_json(details_.report())); !written) return written;
    details_written_ = version;
  }
  if (const uint64_t version = streams_.version(); streams_written_ != version) {
    if (Result<> written = store_.write_streams(streams_to_json(streams_.list())); !written) return written;
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
