// Tape drives (/sys/class/scsi_tape, Documentation/scsi/st.rst).
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_tapestats(const Options& options);

}  // namespace weir::host
