// What drivers of network interfaces report by ioctl SIOCETHTOOL: statistics under names of their own, link modes,
// versions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "host/collectors/collector.h"

namespace weir::host {

// The name of the family for a statistic, without node_ethtool_: "rx_queue_0_xdp_tx" becomes
// "received_queue_0_xdp_transmitted".
std::string ethtool_family_name(std::string_view statistic);

// The texts of ETHTOOL_GSTRINGS: 32 bytes each, with or without a NUL.
std::vector<std::string> parse_ethtool_strings(ByteView texts);

// A bit of the link modes (ETHTOOL_LINK_MODE_*_BIT) that is a speed.
struct EthtoolSpeed {
  unsigned bit;
  uint32_t megabits;
  bool full_duplex;
  std::string_view mode;  // as node_exporter's label: 1000baseT
};
std::span<const EthtoolSpeed> ethtool_speeds();

Result<std::unique_ptr<Collector>> make_ethtool(const Options& options);

}  // namespace weir::host
