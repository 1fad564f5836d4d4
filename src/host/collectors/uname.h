// What uname(2) says: the kernel and the machine's name.
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_uname(const Options& options);

}  // namespace weir::host
