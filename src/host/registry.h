// All collectors, by name.
#pragma once

#include <span>

#include "host/collector.h"

namespace weir::host {

// In the order of the alphabet.
std::span<const CollectorEntry> collectors();

}  // namespace weir::host
