// What the scheduler did on each CPU (Documentation/scheduler/sched-stats.rst).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct CpuSchedstat {
  std::string_view cpu;  // the number, of the line
  uint64_t running_ns = 0;
  uint64_t waiting_ns = 0;
  uint64_t timeslices = 0;
};
// "cpu0 0 0 0 0 0 0 running waiting timeslices"; nothing for other lines.
std::optional<CpuSchedstat> parse_schedstat_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_schedstat(const Options& options);

}  // namespace weir::host
