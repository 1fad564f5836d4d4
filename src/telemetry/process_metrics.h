// The process_* metrics of the Prometheus client libraries: what this process itself uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/kept_file.h"
#include "telemetry/exposition.h"

namespace weir::telemetry {

// Of /proc/PID/stat.
struct ProcessStat {
  uint64_t cpu_ticks = 0;    // user and system
  uint64_t start_ticks = 0;  // since the machine started
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};
// Parses /proc/PID/stat. The name of the program may hold any character. Nothing if the text is something else.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

class ProcessMetrics {
 public:
  void write(Exposition& out);

 private:
  uint64_t open_files();

  // Reads /proc, whatever --path.procfs is: this process is measured, not the machine.
  KeptFile stat_{"/proc/self/stat", Shape::one_record};
  Fd files_;
  std::optional<double> boot_seconds_;
};

}  // namespace weir::telemetry
