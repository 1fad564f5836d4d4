// Routes, by RTM_GETROUTE.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"
#include "host/kernel/netlink.h"

namespace weir::host {

// One next hop of a route.
struct RouteHop {
  uint32_t link_index = 0;
  std::string source;
  std::string destination;  // "default", or with its prefix length
  std::string gateway;
  uint32_t priority = 0;
  uint8_t protocol = 0;  // RTPROT_*
  uint32_t weight = 0;   // of one of several; 0: there is only this one
};
// Appends the next hops of one RTM_NEWROUTE, if it is a unicast route of IPv4 or IPv6.
void parse_route(ByteView payload, std::vector<RouteHop>& hops);

// node_exporter's name of RTPROT_*.
std::string_view route_protocol_text(uint8_t protocol);

Result<std::unique_ptr<Collector>> make_network_route(const Options& options);

}  // namespace weir::host
