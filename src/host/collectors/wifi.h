// Wireless interfaces and their stations, by nl80211 (generic netlink).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"
#include "host/kernel/netlink.h"

namespace weir::host {

struct WifiInterface {
  uint32_t index = 0;
  std::string name;
  uint32_t frequency_megahertz = 0;
};
// Parses one NL80211_CMD_NEW_INTERFACE. Nothing if it has no name.
std::optional<WifiInterface> parse_wifi_interface(ByteView payload);

struct WifiNetwork {
  std::string bssid;  // text
  std::string ssid;   // bytes that the owner chose
  std::string_view mode;
};
// Parses one result of a scan. Nothing unless the interface belongs to that network.
std::optional<WifiNetwork> parse_wifi_network(ByteView payload);

struct WifiStation {
  std::string address;  // text
  uint64_t connected_seconds = 0;
  uint64_t inactive_milliseconds = 0;
  uint64_t receive_bits_per_second = 0;
  uint64_t transmit_bits_per_second = 0;
  uint64_t receive_bytes = 0;
  uint64_t transmit_bytes = 0;
  int64_t signal_dbm = 0;
  uint64_t transmit_retries = 0;
  uint64_t transmit_failed = 0;
  uint64_t beacon_loss = 0;
};
// Parses one NL80211_CMD_NEW_STATION.
std::optional<WifiStation> parse_wifi_station(ByteView payload);

Result<std::unique_ptr<Collector>> make_wifi(const Options& options);

}  // namespace weir::host
