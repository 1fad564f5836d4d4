// Chosen fields of /proc/vmstat.
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_vmstat(const Options& options);

}  // namespace weir::host
