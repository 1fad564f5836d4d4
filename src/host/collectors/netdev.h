// Counters of the network interfaces, by netlink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"
#include "host/kernel/links.h"

namespace weir::host {

// The addresses of the interfaces (RTM_NEWADDR), for --collector.netdev.address-info.
struct LinkAddress {
  uint32_t link_index = 0;
  std::string address;  // text
  uint8_t prefix_length = 0;
  std::string_view scope;  // node_exporter's words: link-local, interface-local, global, or nothing
};
std::optional<LinkAddress> parse_address(ByteView payload);

Result<std::unique_ptr<Collector>> make_netdev(const Options& options);

}  // namespace weir::host
