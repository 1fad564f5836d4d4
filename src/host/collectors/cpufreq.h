// The frequency of each CPU and its governor (/sys/devices/system/cpu/cpuN/cpufreq).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_cpufreq(const Options& options);

}  // namespace weir::host
