// Sockets in use by protocol (/proc/net/sockstat and sockstat6).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_sockstat(const Options& options);

}  // namespace weir::host
