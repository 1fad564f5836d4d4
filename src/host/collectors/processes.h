// Processes and threads by state. This walks all of /proc, which is why it is off by default.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct TaskStat {
  char state = 0;  // R S D Z T t X I P W
  uint64_t threads = 0;
};
// /proc/PID/stat: "PID (name, which may hold anything) state ... threads ...".
std::optional<TaskStat> parse_task_stat(std::string_view text);

Result<std::unique_ptr<Collector>> make_processes(const Options& options);

}  // namespace weir::host
