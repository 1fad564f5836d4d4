// Pages of each memory zone (/proc/zoneinfo).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_zoneinfo(const Options& options);

}  // namespace weir::host
