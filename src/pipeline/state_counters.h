// What became of the state file and of sharing, for the ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace weir::pipeline {

struct StateFileCounters {
  uint64_t sessions_restored = 0;
  uint64_t templates_restored = 0;
  uint64_t saves = 0;
  uint64_t save_failures = 0;
  uint64_t sessions_left_out = 0;  // of the file as it is: there was no room for them
  std::string last_error{};        // empty once it was saved again
};

struct SharingCounters {
  bool connected = false;
  uint64_t published = 0;      // values written
  uint64_t fetched = 0;        // states taken over from other collectors
  uint64_t requests = 0;       // templates asked for
  uint64_t requests_lost = 0;  // too many at once
  uint64_t errors = 0;         // connections lost, refused commands, invalid values
  std::string last_error;      // empty while connected
};

struct StateReport {
  std::optional<StateFileCounters> file{};
  std::optional<SharingCounters> sharing{};
};

}  // namespace weir::pipeline
