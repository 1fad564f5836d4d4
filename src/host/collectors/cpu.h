// What each CPU spent its time on (/proc/stat), whether it is online, isolated, throttled (/sys/devices/system/cpu),
// and what it is (/proc/cpuinfo, if asked for).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"

namespace weir::host {

// One "processor" of /proc/cpuinfo; fields that the architecture does not have are empty.
struct CpuInfo {
  std::string package, core, cpu, vendor, family, model, model_name, microcode, stepping, cache_size;
  std::vector<std::string> flags, bugs;
};
std::vector<CpuInfo> parse_cpuinfo(std::string_view text);

Result<std::unique_ptr<Collector>> make_cpu(const Options& options);

}  // namespace weir::host
