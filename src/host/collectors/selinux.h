// The state of SELinux and its access vector cache (/sys/fs/selinux).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// lookups hits misses allocations reclaims frees, the sum over the CPUs' lines below the header of avc/cache_stats.
std::optional<std::array<uint64_t, 6>> parse_avc_stats(std::string_view text);

struct AvcHash {
  uint64_t entries = 0, buckets_used = 0, buckets_available = 0, longest_chain = 0;
};
// "entries: 503\nbuckets used: 283/512\nlongest chain: 7\n".
std::optional<AvcHash> parse_avc_hash_stats(std::string_view text);

// "SELINUX=enforcing" of /etc/selinux/config: 1, 0 permissive, -1 disabled or nothing said.
int parse_selinux_config(std::string_view text);

Result<std::unique_ptr<Collector>> make_selinux(const Options& options);

}  // namespace weir::host
