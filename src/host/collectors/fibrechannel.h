// Host ports of Fibre Channel (/sys/class/fc_host).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// "0x1f", as these files are; nothing for the greatest number there is: the driver does not count it.
std::optional<uint64_t> parse_fibrechannel_counter(std::string_view text);

Result<std::unique_ptr<Collector>> make_fibrechannel(const Options& options);

}  // namespace weir::host
