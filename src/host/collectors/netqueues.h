// Counters of each queue of the network interfaces, by the family "netdev" of generic netlink (since Linux 6.9, for
// drivers that support it).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "host/collectors/collector.h"
#include "host/kernel/netlink.h"

namespace weir::host {

struct QueueCounters {
  uint32_t link_index = 0;
  uint32_t queue = 0;
  bool transmit = false;
  // NETDEV_A_QSTATS_*, by number; a driver does not count them all.
  static constexpr size_t kCounters = 64;
  std::array<std::optional<uint64_t>, kCounters> counters;
};
// Parses one answer to NETDEV_CMD_QSTATS_GET. Nothing if it is not about a queue.
std::optional<QueueCounters> parse_queue(ByteView payload);

Result<std::unique_ptr<Collector>> make_netqueues(const Options& options);

}  // namespace weir::host
