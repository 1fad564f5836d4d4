// What became of everything that was ever sent to a store, as a reader sees it: DIR/ledger.json, DIR/lock and DIR/runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/ledger_json.h"
#include "pipeline/runs.h"
#include "store/lock.h"

namespace weir::pipeline {

// Whose account DIR/ledger.json is.
enum class AccountOf : uint8_t {
  running,  // of the writer that is there now
  stale,    // the same, but it was not written anew when it should have been: a full disk, a process that hangs
  past,     // of one that is gone; another one may be there, and has not written its own yet
};

struct StoreAccount {
  LedgerReport current;  // DIR/ledger.json
  AccountOf of = AccountOf::past;
  RunEnd end = RunEnd::unknown;  // if it is of one that is gone
  store::StoreWriter writer;

  struct Run {
    RunEnd end;
    LedgerReport report;
  };
  std::vector<Run> runs;                // before, oldest first
  std::optional<LedgerReport> older;    // the sum of those that are no longer kept one by one
  LedgerReport in_all;                  // of all of them and `current`
  std::vector<std::string> unreadable;  // what is missing from it, and why

  // "running", "stale", or how it ended.
  std::string_view state() const;
};

// An account counts as stale after so many intervals at which it should be written, and some seconds for a busy disk.
inline constexpr int kStaleIntervals = 3;
inline constexpr std::chrono::seconds kStaleGrace{2};

// Fails if there is no store, no account in it yet, or a damaged one; the message says which.
Result<StoreAccount> read_account(const std::filesystem::path& store, Timestamp now);

}  // namespace weir::pipeline
