// Bonded network interfaces and how many of their links are up (/sys/class/net).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_bonding(const Options& options);

}  // namespace weir::host
