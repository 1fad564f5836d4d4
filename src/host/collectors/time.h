// The clock, its offset from UTC, and the clock sources that the kernel can use.
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_time(const Options& options);

}  // namespace weir::host
