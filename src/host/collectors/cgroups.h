// Control groups: how many each subsystem has (/proc/cgroups), and what those of the unified hierarchy use
// (Documentation/admin-guide/cgroup-v2.rst). Depth and number are limited.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct CgroupIo {
  uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
};
// The sum over the devices of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0".
CgroupIo parse_cgroup_io(std::string_view text);

Result<std::unique_ptr<Collector>> make_cgroups(const Options& options);

}  // namespace weir::host
