// Memory errors that were found and corrected, or not (/sys/devices/system/edac/mc).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_edac(const Options& options);

}  // namespace weir::host
