// Packets that each CPU took from the network cards (/proc/net/softnet_stat: one line of hexadecimal columns for each).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct Softnet {
  uint32_t processed = 0, dropped = 0, times_squeezed = 0, cpu_collision = 0;
  uint32_t received_rps = 0, flow_limit_count = 0, backlog_len = 0;
  std::optional<uint32_t> cpu;  // kernels before 5.10 do not tell
};
std::optional<Softnet> parse_softnet_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_softnet(const Options& options);

}  // namespace weir::host
