// Tells what is going on while the collector runs: DIR/ledger.json every few seconds, and a log line when something
// starts or stops going wrong (never one for each datagram).
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "pipeline/ledger_json.h"

namespace weir::pipeline {

class Reporter {
 public:
  Reporter(const flow::Ledger& ledger, store::Store& store, Timestamp started, std::function<StateReport()> state)
      : ledger_(ledger), store_(store), started_(started), state_(std::move(state)) {}

  // Writes the ledger and logs what changed since the last call. One thread at a time.
  LedgerReport report(bool finished);

 private:
  void log_changes(const LedgerReport& report);

  const flow::Ledger& ledger_;
  store::Store& store_;
  const Timestamp started_;
  const std::function<StateReport()> state_;
  flow::LedgerSnapshot last_;
  std::string last_write_error_;
};

}  // namespace weir::pipeline
