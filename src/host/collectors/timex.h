// How well the kernel's clock is kept by NTP or PPS (adjtimex(2)).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_timex(const Options& options);

}  // namespace weir::host
