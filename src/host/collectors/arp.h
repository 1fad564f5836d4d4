// Neighbours of the interfaces for IPv4, by netlink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"
#include "host/kernel/links.h"

namespace weir::host {

struct Neighbour {
  uint32_t link_index = 0;
  uint16_t state = 0;  // NUD_*
};
// Parses one RTM_NEWNEIGH. Nothing if it is not IPv4, or if /proc/net/arp would not show it.
std::optional<Neighbour> parse_neighbour(ByteView payload);

// node_exporter's name of NUD_*; empty if unknown.
std::string_view neighbour_state_text(uint16_t state);

Result<std::unique_ptr<Collector>> make_arp(const Options& options);

}  // namespace weir::host
