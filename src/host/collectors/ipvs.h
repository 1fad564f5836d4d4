// The load balancer of the kernel (/proc/net/ip_vs, ip_vs_stats).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"

namespace weir::host {

// Connections, packets in and out, bytes in and out: the third line of ip_vs_stats, in hexadecimal.
std::optional<std::array<uint64_t, 5>> parse_ipvs_stats(std::string_view text);

struct IpvsBackend {
  std::string protocol;  // TCP, UDP, SCTP, FWM
  std::string local_address;
  std::string local_mark;  // of FWM, instead of address and port
  std::string local_port;
  std::string remote_address;
  std::string remote_port;
  uint64_t weight = 0;
  uint64_t active = 0;
  uint64_t inactive = 0;
};

//   TCP  C0A80016:0CEA wlc
//     -> C0A85216:0CEA      Tunnel  100    248        2
// Lines that are not as these are left out.
std::vector<IpvsBackend> parse_ipvs(std::string_view text);

Result<std::unique_ptr<Collector>> make_ipvs(const Options& options);

}  // namespace weir::host
