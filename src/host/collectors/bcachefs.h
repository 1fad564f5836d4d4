// Bcachefs file systems (/sys/fs/bcachefs).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_bcachefs(const Options& options);

}  // namespace weir::host
