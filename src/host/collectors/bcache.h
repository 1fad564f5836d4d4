// Block caches (/sys/fs/bcache, Documentation/admin-guide/bcache.rst).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_bcache(const Options& options);

}  // namespace weir::host
