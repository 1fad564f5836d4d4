// What the firmware says of the machine (SMBIOS, /sys/class/dmi/id).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_dmi(const Options& options);

}  // namespace weir::host
