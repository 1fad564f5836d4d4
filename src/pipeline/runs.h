// The accounts of runs that are over. A run is one opening of a store by weir collect or weir replay.
//
//   DIR/ledger.json                                   the account of the writer that runs, or of the last one
//   DIR/runs/20261201T101500.000000Z-RUN-killed.json  one as its run left it: when it began, its id, how it ended
//   DIR/runs/before.json                              the sum of older ones
//
// Who opens the store moves the account that is there to runs/, before it writes its own: that needs no room on a full
// disk, and nobody takes the one for the other. When there are too many, the oldest are added to before.json, which
// names the ids that its last writing added, and then deleted. So a crash between any two steps counts no run twice,
// and loses none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/ledger_json.h"

namespace weir::pipeline {

// How a run ended.
enum class RunEnd : uint8_t {
  stopped,   // with its last account
  killed,    // without: killed, crashed, or the disk did not take it
  rebooted,  // the same, and the machine was started anew since
  unknown,   // without, and an earlier version of weir wrote it
};
std::string_view name(RunEnd end);

// Of an account that nobody goes on with. boot: of the machine now.
RunEnd end_of(const LedgerReport& report, std::string_view boot);

// The kernel's id of this boot of the machine; empty if it tells none.
std::string boot_id();

struct RunLimits {
  size_t runs = 100;
  uint64_t bytes = 16 << 20;  // of all files but before.json
};

// Moves DIR/ledger.json to DIR/runs, if there is one and it is not of `run`, and sums up the oldest runs beyond the
// limits. One that cannot be read is set aside as ledger.json.corrupt. Only the writer of the store calls this.
Result<> archive_ledger(const std::filesystem::path& store, std::string_view run, const RunLimits& limits = {});

struct PastRun {
  std::filesystem::path path;
  std::string id;
  RunEnd end = RunEnd::unknown;
};
// Those of DIR/runs, oldest first.
std::vector<PastRun> list_runs(const std::filesystem::path& store);
std::filesystem::path sum_path(const std::filesystem::path& store);

// An account of a file.
Result<LedgerReport> read_report(const std::filesystem::path& path);

// Where streams were when the last run left its account, for the next one: of DIR/ledger.json before it is archived. If
// there is none, a run could not write its account; then those of the run before it, which it may have gone on from.
std::vector<decode::SequencePlace> places_before(const std::filesystem::path& store);

// Adds the account of a run to the sum of several.
void add_run(LedgerReport& sum, const LedgerReport& run);

}  // namespace weir::pipeline
