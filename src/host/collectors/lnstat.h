// Counters of the network caches: the files of /proc/net/stat.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// A line of names, then one line of hexadecimal numbers for each CPU. Calls `use` with each; false if the text is not
// that.
bool each_lnstat(std::string_view text,
                 const std::function<void(size_t cpu, std::string_view name, uint64_t value)>& use);

Result<std::unique_ptr<Collector>> make_lnstat(const Options& options);

}  // namespace weir::host
