// Hardware and software watchdogs (/sys/class/watchdog).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_watchdog(const Options& options);

}  // namespace weir::host
