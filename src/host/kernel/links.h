// The network interfaces, from one RTM_GETLINK dump (rtnetlink(7)) that several collectors share.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/kernel/netlink.h"

namespace weir::host {

// In the order of rtnl_link_stats64.
enum class LinkCounter : uint8_t {
  rx_packets,
  tx_packets,
  rx_bytes,
  tx_bytes,
  rx_errors,
  tx_errors,
  rx_dropped,
  tx_dropped,
  multicast,
  collisions,
  rx_length_errors,
  rx_over_errors,
  rx_crc_errors,
  rx_frame_errors,
  rx_fifo_errors,
  rx_missed_errors,
  tx_aborted_errors,
  tx_carrier_errors,
  tx_fifo_errors,
  tx_heartbeat_errors,
  tx_window_errors,
  rx_compressed,
  tx_compressed,
  rx_nohandler,
};
constexpr size_t kLinkCounters = 24;

struct Link {
  uint32_t index = 0;
  uint16_t type = 0;   // ARPHRD_*
  uint32_t flags = 0;  // IFF_*, as netlink reports them
  std::string name;
  std::string address;  // of the link layer, as bytes
  std::string broadcast;
  std::string alias;
  uint32_t mtu = 0;
  uint32_t peer = 0;  // index of the link below or at the other end; its own if it has none
  uint32_t queue_length = 0;
  uint32_t group = 0;
  uint8_t operstate = 0;  // IF_OPER_*
  uint8_t link_mode = 0;
  bool carrier = false;
  uint32_t promiscuity = 0;
  std::optional<uint32_t> all_multicast;  // since Linux 6.0
  std::optional<uint32_t> carrier_changes;
  std::optional<uint32_t> carrier_ups;
  std::optional<uint32_t> carrier_downs;
  std::array<uint64_t, kLinkCounters> counters{};

  uint64_t counter(LinkCounter which) const { return counters[static_cast<size_t>(which)]; }
  // The flags that were set, without those that report a state: as in /sys/class/net/NAME/flags.
  uint32_t set_flags() const;
  bool is_up() const;  // administratively
  bool is_dormant() const;
};

// Overwrites `link` with the payload of one RTM_NEWLINK message; its strings keep their capacity. False if it is not
// one.
bool parse_link(ByteView payload, Link& link);

// The kernel is asked once per scrape: a collector that comes second gets the dump of the first one. Each user keeps
// the number of the dump that it saw last; asking again with that number means a new scrape. One thread at a time.
class LinkTable {
 public:
  using Clock = std::chrono::steady_clock::time_point (*)();
  // A dump this young belongs to the same scrape.
  static constexpr std::chrono::milliseconds kSameScrape{250};

  explicit LinkTable(Clock clock = std::chrono::steady_clock::now);
  // For tests: always these links.
  explicit LinkTable(std::vector<Link> links);

  // The links of the newest dump; makes a new one if that is old, or if its number is `seen`. Sets `seen`. Valid until
  // the next call by any user.
  Result<std::span<const Link>> read(uint64_t& seen);

  // The name in the newest dump; empty if unknown.
  std::string_view name_of(uint32_t index) const;

 private:
  Result<> dump();

  Clock clock_;
  bool fixed_ = false;
  netlink::Socket socket_{NETLINK_ROUTE};
  netlink::Request request_;
  std::vector<Link> links_;
  size_t count_ = 0;
  uint64_t number_ = 0;
  std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace weir::host
