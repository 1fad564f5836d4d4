// Sockets of TCP by state, by NETLINK_SOCK_DIAG (sock_diag(7)).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "host/collectors/collector.h"

namespace weir::host {

struct TcpSums {
  // By TCP_ESTABLISHED (1) ... TCP_CLOSING (11); 0 and 12 (new, which the kernel never shows) are anything else.
  static constexpr size_t kStates = 13;
  std::array<uint64_t, kStates> by_state{};
  // Sums as in node_exporter. Of a listening socket they are the connections that wait, and how many may wait.
  uint64_t receive_queues = 0;
  uint64_t transmit_queues = 0;
};
// Adds the payload of one answer. False if it is none.
bool add_socket(ByteView payload, TcpSums& sums);

Result<std::unique_ptr<Collector>> make_tcpstat(const Options& options);

}  // namespace weir::host
