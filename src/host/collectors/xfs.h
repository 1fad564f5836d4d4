// Counters of XFS, by file system (/sys/fs/xfs/DEVICE/stats/stats).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_xfs(const Options& options);

}  // namespace weir::host
