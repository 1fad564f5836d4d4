// Randomness that the kernel has gathered (random(4)).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_entropy(const Options& options);

}  // namespace weir::host
