// Bytes that wait in the sockets of UDP (/proc/net/udp, udp6).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Bytes, over all sockets.
struct SocketQueues {
  uint64_t transmit = 0;
  uint64_t receive = 0;
};
// A line of column names, then one line for each socket, whose fifth word is the two queues in hexadecimal: tx:rx.
std::optional<SocketQueues> parse_socket_queues(std::string_view text);

// Of the lines "UDP: inuse 3 mem 2" of /proc/net/sockstat (UDP6 of sockstat6). Nothing if there is no such line.
std::optional<uint64_t> sockets_in_use(std::string_view text, std::string_view protocol);

Result<std::unique_ptr<Collector>> make_udp_queues(const Options& options);

}  // namespace weir::host
