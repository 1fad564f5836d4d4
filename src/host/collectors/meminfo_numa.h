// Memory by NUMA node (/sys/devices/system/node).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_meminfo_numa(const Options& options);

}  // namespace weir::host
