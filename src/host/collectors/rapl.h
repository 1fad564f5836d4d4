// Energy that the parts of the machine used (Documentation/power/powercap/powercap.rst).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct RaplName {
  std::string name;
  uint32_t index = 0;
};
// "package-0" has its number in the name; of "dram" there may be several, which are counted in `seen`.
RaplName rapl_name(std::string_view zone, std::map<std::string, uint32_t>& seen);

Result<std::unique_ptr<Collector>> make_rapl(const Options& options);

}  // namespace weir::host
