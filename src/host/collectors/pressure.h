// How long tasks waited for the CPU, memory and I/O (/proc/pressure).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_pressure(const Options& options);

}  // namespace weir::host
