// Adapters of InfiniBand and RoCE (/sys/class/infiniband).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Bytes per second of "40 Gb/sec (4X QDR)".
std::optional<uint64_t> parse_infiniband_rate(std::string_view text);
// 4 of "4: ACTIVE".
std::optional<uint64_t> parse_infiniband_state(std::string_view text);

Result<std::unique_ptr<Collector>> make_infiniband(const Options& options);

}  // namespace weir::host
