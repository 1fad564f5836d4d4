// Sizes of the mounted file systems. One that does not answer never delays a scrape: its last figures are kept and
// flagged (host/kernel/mount_watch.h).
#pragma once

#include <memory>

#include "host/collectors/collector.h"
#include "host/kernel/mount_watch.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_filesystem(const Options& options);
// With another statfs(2): for tests.
Result<std::unique_ptr<Collector>> make_filesystem_over(const Options& options, Statfs statfs);

}  // namespace weir::host
