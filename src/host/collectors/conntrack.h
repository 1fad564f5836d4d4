// The connection tracking table (nf_conntrack): its entries, its limit, and what became of packets.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Sums over all CPUs of /proc/net/stat/nf_conntrack. A column that this kernel lacks is 0.
struct ConntrackSums {
  uint64_t found = 0;
  uint64_t invalid = 0;
  uint64_t ignore = 0;
  uint64_t insert = 0;
  uint64_t insert_failed = 0;
  uint64_t drop = 0;
  uint64_t early_drop = 0;
  uint64_t search_restart = 0;
  uint64_t icmp_error = 0;
  uint64_t clash_resolve = 0;
  uint64_t chain_too_long = 0;
};
// A line of column names, then one line of hexadecimal numbers for each CPU. Nothing if the text is not that.
std::optional<ConntrackSums> parse_conntrack_stat(std::string_view text);

Result<std::unique_ptr<Collector>> make_conntrack(const Options& options);

}  // namespace weir::host
