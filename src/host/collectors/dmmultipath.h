// Devices with several paths by the device mapper (/sys/block/dm-N).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_dmmultipath(const Options& options);

}  // namespace weir::host
