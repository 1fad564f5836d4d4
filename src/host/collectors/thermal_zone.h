// Temperatures and cooling devices of the thermal framework (/sys/class/thermal).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_thermal_zone(const Options& options);

}  // namespace weir::host
