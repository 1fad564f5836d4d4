// Properties of the network interfaces, as in /sys/class/net. Most come by netlink, the rest from files that are read
// when a link is new or has changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"
#include "host/kernel/links.h"

namespace weir::host {

// Makes `text` aa:bb:cc of the bytes of a link layer address.
void write_link_address(std::string_view bytes, std::string& text);

// IF_OPER_*, as /sys/class/net/NAME/operstate shows it.
std::string_view operstate_text(uint8_t operstate);

Result<std::unique_ptr<Collector>> make_netclass(const Options& options);

}  // namespace weir::host
