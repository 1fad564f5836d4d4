// All collectors, by name, and what they read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/collectors/collector.h"
#include "host/collectors/options.h"

namespace weir::host {

// In alphabetical order.
std::span<const CollectorEntry> collectors();

// The files and folders that the collectors and the process_* metrics read with these options.
std::vector<std::string> paths_read(const Options& options);

}  // namespace weir::host
