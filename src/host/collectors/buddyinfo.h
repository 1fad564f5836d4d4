// Free blocks of memory by size (/proc/buddyinfo): how fragmented it is.
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_buddyinfo(const Options& options);

}  // namespace weir::host
