// Btrfs file systems (/sys/fs/btrfs).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// How many bytes on disk one byte of data needs.
double btrfs_allocation_ratio(std::string_view layout, size_t devices);

Result<std::unique_ptr<Collector>> make_btrfs(const Options& options);

}  // namespace weir::host
