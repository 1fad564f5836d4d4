// Opens the sockets that a receiver (UDP) or a stream listener (TCP) listens on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/receiver.h"
#include "net/socket_address.h"

namespace weir::net {

struct ListenSocket {
  Fd fd;
  ListenAddress address;  // with the port as bound
  size_t granted_buffer_bytes = 0;
};

struct SocketOptions {
  size_t buffer_bytes = 0;
  bool gro = false;  // see ReceiverOptions
};

// `count` sockets on one address: the first takes the port for itself, so that a port which any other process uses is
// refused, and lets the rest join afterwards (SO_REUSEPORT).
Result<std::vector<ListenSocket>> open_listen_sockets(const ListenAddress& address, size_t count,
                                                      const SocketOptions& options);

// One TCP socket that listens, non-blocking.
Result<ListenSocket> open_stream_socket(const ListenAddress& address, int backlog);
// The next connection, non-blocking, and who it is from. None: errno says why (EAGAIN: there is none).
Fd accept_stream(int listening, SocketAddress& from);

// Makes the kernel choose among sockets that share a port (by default it goes by the source's address and port). False
// if it cannot, then the kernel's own hash stays in use.
bool spread(std::span<const ListenSocket> sockets, Spread spread);

// Makes the kernel drop whatever comes to this socket from now on; what it holds already stays. False if it cannot.
bool let_nothing_in(int fd);
// How many datagrams the kernel has dropped on this socket, modulo 2^32.
uint32_t socket_drops(int fd);
// Bytes of its buffer that waiting datagrams take, with the kernel's own overhead. The whole buffer has twice
// granted_buffer_bytes.
size_t socket_waiting_bytes(int fd);

}  // namespace weir::net
