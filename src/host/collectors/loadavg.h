// The averages of runnable and waiting tasks (proc(5), /proc/loadavg).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Over 1, 5 and 15 minutes. Nothing if the text is not that of /proc/loadavg.
std::optional<std::array<double, 3>> parse_loadavg(std::string_view text);

Result<std::unique_ptr<Collector>> make_loadavg(const Options& options);

}  // namespace weir::host
