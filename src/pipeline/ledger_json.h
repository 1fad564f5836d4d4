// DIR/ledger.json: the collector's account of itself, for `weir exporters` and for monitoring. Version 1:
//
//   {"version": 1, "program": "collect", "pid": 4711, "started": TIME, "written": TIME, "finished": false,
//    "socket_drops": 0, "socket_left": 0, "streams": STREAMS, "outlets": ["store"], "total": COUNTERS,
//    "exporters": [{"exporter": "192.0.2.1", ...COUNTERS}, ...],
//    "store": {"segments_written": 3, ..., "last_error": ""},
//    "templates": {"state_file": {...}, "redis": {"connected": true, ...}}}
//
// The last two are the members of StateFileCounters and SharingCounters, if there is a state file, if templates are
// shared. STREAMS are the members of StreamCounters by name: TCP and TLS connections; refused and closed are objects by
// reason. TIME is RFC 3339 in UTC. COUNTERS are the members of flow::ExporterCounters by name; rows_stored,
// rows_dropped, counter_rows_stored and counter_rows_dropped, what became of the rows in the store, dropped by reason;
// anomalies, an object by name without the zeros; protocols, a list of names; streams, clocks, loss_unknown_streams and
// loss_in_part_streams, the members of StreamSummary; loss_known, "all", "part" or "none": whether lost_units is all
// that was lost, or at least so much, or says nothing; and, with outlets beside the store,
// outlets: {"NAME": {"flows": {"stored": 7, "dropped": {...}}, "counters": {...}}}.
// Readers ignore members that they do not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "flow/ledger.h"
#include "pipeline/state_counters.h"
#include "store/store.h"

namespace weir::pipeline {

struct LedgerReport {
  std::string program;  // "collect" or "replay"
  int64_t pid = 0;
  Timestamp started{};
  Timestamp written{};
  bool finished = false;  // the last report of its program: nothing is on its way any more
  flow::LedgerSnapshot ledger;
  store::StoreCounters store;
  StateReport state{};
};

std::string ledger_to_json(const LedgerReport& report);

// Fails if the text is not such a report (damaged, or of a later version). The totals are summed up anew.
Result<LedgerReport> ledger_from_json(std::string_view text);

}  // namespace weir::pipeline
