// DIR/ledger.json: the collector's account of itself, for `weir exporters` and for monitoring. Version 1:
//
//   {"version": 1, "program": "collect", "pid": 4711, "run": "0123456789abcdef", "boot": "4f0c...", "started": TIME,
//    "written": TIME, "interval_ms": 5000, "finished": false, "last_interval_s": 5.0, "last_interval": RECENT,
//    "socket_drops": 0, "socket_left": 0, "streams": STREAMS, "outlets": ["store"], "total": COUNTERS,
//    "exporters": [{"exporter": "192.0.2.1", ...COUNTERS, "last_interval": RECENT}, ...],
//    "store": {"segments_written": 3, ..., "last_error": ""},
//    "places": [...],
//    "templates": {"state_file": {...}, "redis": {"connected": true, ...}}}
//
// run: of the writer, as in DIR/lock (store/lock.h); boot: the kernel's boot_id. The file is written anew every
// interval_ms; 0: once. RECENT: what came since the account before this one, the members of RecentCounts by name; of
// exporters without any it is left out. places: where streams are in their sequences (pipeline/places.h). An account
// that sums up several runs (pipeline/runs.h) has "runs": {"count": 12, "last": ["0123456789abcdef", ...]}: how many,
// and which were added by the last writing.
//
// The members of `templates` are those of StateFileCounters and SharingCounters, if there is a state file, if templates
// are shared. STREAMS are the members of StreamCounters by name: TCP and TLS connections; refused and closed are
// objects by reason. TIME is RFC 3339 in UTC. COUNTERS are the members of flow::ExporterCounters by name; rows_stored,
// rows_dropped, counter_rows_stored and counter_rows_dropped, what became of the rows in the store, dropped by reason;
// anomalies, an object by name without the zeros; protocols, a list of names; streams, clocks, loss_unknown_streams and
// loss_in_part_streams, the members of StreamSummary; loss_known, "all", "part" or "none": whether lost_units is all
// that was lost, or at least so much, or says nothing; and, with outlets beside the store,
// outlets: {"NAME": {"flows": {"stored": 7, "dropped": {...}}, "counters": {...}}}.
// Readers ignore members that they do not know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "decode/session/place.h"
#include "flow/ledger.h"
#include "pipeline/state_counters.h"
#include "store/files.h"
#include "store/store.h"

namespace weir::pipeline {

// What came since the account before.
struct RecentCounts {
  uint64_t datagrams = 0;
  uint64_t bytes = 0;
  uint64_t rejected = 0;
  uint64_t flows = 0;
  uint64_t stored = 0;
  uint64_t dropped = 0;
  uint64_t lost = 0;
  bool operator==(const RecentCounts&) const = default;
};
// As far as it has grown: what an exporter that was forgotten had counted is under no address.
RecentCounts recent_counts(const flow::ExporterLedger& before, const flow::ExporterLedger& now);

struct Recent {
  double seconds = 0;
  RecentCounts total{};
  std::map<IpAddress, RecentCounts> exporters{};  // those that there is something of
};
Recent recent(const flow::LedgerSnapshot& before, const flow::LedgerSnapshot& now, double seconds);

// An account that sums up several runs.
struct RunsSummedUp {
  uint64_t count = 0;
  std::vector<std::string> last{};  // ids of those that were added last
};

struct LedgerReport {
  std::string program;  // "collect" or "replay"
  int64_t pid = 0;
  std::string run{};   // empty: written by an earlier version of weir
  std::string boot{};  // the same
  Timestamp started{};
  Timestamp written{};
  std::chrono::milliseconds interval{0};  // at which it is written; 0: once
  bool finished = false;                  // the last report of its program: nothing is on its way any more
  flow::LedgerSnapshot ledger;
  store::StoreCounters store;
  StateReport state{};
  std::vector<decode::SequencePlace> places{};  // of the same moment as `ledger`
  std::optional<Recent> recent{};               // nothing: there is no account before this one
  std::optional<RunsSummedUp> runs{};
};

// The report as JSON, piece by piece. It has to outlive that.
store::TextSource ledger_source(const LedgerReport& report);

// Fails if the text is not such a report (damaged, or of a later version). The totals are summed up anew.
Result<LedgerReport> ledger_from_json(std::string_view text);

}  // namespace weir::pipeline
