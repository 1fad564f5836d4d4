// Kernel samepage merging (/sys/kernel/mm/ksm).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_ksmd(const Options& options);

}  // namespace weir::host
