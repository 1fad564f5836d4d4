// Tells what is going on while the collector runs: DIR/ledger.json every few seconds, and a log line when something
// starts or stops going wrong (never one for each datagram). What an earlier run left there is archived first
// (pipeline/runs.h). As long as the disk takes neither, the account is kept in memory, and tried again each time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log_limit.h"
#include "pipeline/details.h"
#include "pipeline/ledger_json.h"
#include "pipeline/runs.h"
#include "pipeline/stream_list.h"

namespace weir::pipeline {

// Of the files that it writes.
struct ReporterCounters {
  uint64_t writes = 0;
  uint64_t failures = 0;
  Timestamp written{};  // the last time
};

struct ReporterOptions {
  std::filesystem::path store;  // the folder of it
  Timestamp started{};
  std::chrono::milliseconds interval{0};  // at which report() is called
};

class Reporter {
 public:
  Reporter(const flow::Ledger& ledger, const DetailsBoard& details, const StreamBoard& streams, store::Store& store,
           ReporterOptions options, std::function<StateReport()> state,
           std::function<std::vector<decode::SequencePlace>()> places)
      : ledger_(ledger),
        details_(details),
        streams_(streams),
        store_(store),
        options_(std::move(options)),
        state_(std::move(state)),
        places_(std::move(places)) {}

  // Writes the ledger, and what exporters tell about themselves and what is known of their streams if that has changed,
  // and logs what changed since the last call. One thread at a time.
  LedgerReport report(bool finished);

  ReporterCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void log_changes(const LedgerReport& report);
  Result<> write(const LedgerReport& report);

  const flow::Ledger& ledger_;
  const DetailsBoard& details_;
  const StreamBoard& streams_;
  store::Store& store_;
  const ReporterOptions options_;
  const std::string boot_ = boot_id();
  const std::function<StateReport()> state_;
  const std::function<std::vector<decode::SequencePlace>()> places_;
  flow::LedgerSnapshot last_;
  std::optional<Clock::time_point> last_at_;
  bool archived_ = false;  // what an earlier run left
  MessageLimit write_log_;
  std::optional<uint64_t> details_written_;
  std::optional<uint64_t> streams_written_;
  mutable std::mutex mutex_;
  ReporterCounters counters_;  // guarded by mutex_
};

}  // namespace weir::pipeline
