// Software RAID (/proc/mdstat, md(4)).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"

namespace weir::host {

struct MdArray {
  std::string_view name;
  std::string_view state;  // "active", "inactive", "recovering", "resync", "check", or another, which has no series
  uint64_t active = 0, failed = 0, spare = 0, required = 0;
  uint64_t blocks = 0, synced = 0;
};
// An array whose lines are damaged is left out and makes `damaged` true.
void parse_mdstat(std::string_view text, std::vector<MdArray>& arrays, bool& damaged);

Result<std::unique_ptr<Collector>> make_mdadm(const Options& options);

}  // namespace weir::host
