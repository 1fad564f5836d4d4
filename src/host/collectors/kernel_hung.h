// Tasks that hung (/proc/sys/kernel/hung_task_detect_count, since Linux 6.13).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_kernel_hung(const Options& options);

}  // namespace weir::host
