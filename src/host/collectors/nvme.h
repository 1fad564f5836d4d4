// NVMe controllers and their namespaces (/sys/class/nvme).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_nvme(const Options& options);

}  // namespace weir::host
