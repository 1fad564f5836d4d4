// Softirqs by CPU and kind (/proc/softirqs).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_softirqs(const Options& options);

}  // namespace weir::host
