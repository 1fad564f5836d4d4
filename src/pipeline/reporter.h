// Tells what is going on while the collector runs: DIR/ledger.json every few seconds, and a log line when something
// starts or stops going wrong (never one for each datagram).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/log_limit.h"
#include "pipeline/details.h"
#include "pipeline/ledger_json.h"
#include "pipeline/stream_list.h"

namespace weir::pipeline {

class Reporter {
 public:
  Reporter(const flow::Ledger& ledger, const DetailsBoard& details, const StreamBoard& streams, store::Store& store,
           Timestamp started, std::function<StateReport()> state)
      : ledger_(ledger),
        details_(details),
        streams_(streams),
        store_(store),
        started_(started),
        state_(std::move(state)) {}

  // Writes the ledger, and what exporters tell about themselves and what is known of their streams if that has changed,
  // and logs what changed since the last call. One thread at a time.
  LedgerReport report(bool finished);

 private:
  void log_changes(const LedgerReport& report);
  Result<> write(const LedgerReport& report);

  const flow::Ledger& ledger_;
  const DetailsBoard& details_;
  const StreamBoard& streams_;
  store::Store& store_;
  const Timestamp started_;
  const std::function<StateReport()> state_;
  flow::LedgerSnapshot last_;
  MessageLimit write_log_;
  std::optional<uint64_t> details_written_;
  std::optional<uint64_t> streams_written_;
};

}  // namespace weir::pipeline
