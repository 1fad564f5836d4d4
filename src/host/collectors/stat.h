// Counters of the whole machine in /proc/stat: interrupts, context switches, forks, and when it was booted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

inline constexpr std::array<std::string_view, 10> kSoftirqVectors{
    "hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer", "rcu"};

struct Stat {
  std::optional<uint64_t> interrupts, context_switches, boot_time, forks, running, blocked;
  std::optional<std::array<uint64_t, kSoftirqVectors.size()>> softirqs;
};
Stat parse_stat(std::string_view text);

Result<std::unique_ptr<Collector>> make_stat(const Options& options);

}  // namespace weir::host
