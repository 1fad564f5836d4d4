// Sends UDP datagrams from one or many source addresses, many per system call (sendmmsg), or IPFIX messages over TCP
// and TLS. For replaying captures and for synthetic exporters; a collector itself never sends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "net/socket_address.h"
#include "net/tls.h"

namespace weir::net {

enum class Transport : uint8_t { udp, tcp, tls };

// "HOST:PORT", "[2001:db8::1]:PORT", "tcp://HOST:PORT", "tls://HOST:PORT"; the host may be a name.
struct SendTarget {
  std::string host;
  uint16_t port = 0;
  Transport transport = Transport::udp;
  static Result<SendTarget> parse(std::string_view text);
  std::string to_string() const;
};

struct SendCounts {
  uint64_t datagrams = 0;  // that the kernel took
  uint64_t bytes = 0;      // of their payload
  uint64_t refused =
      0;  // the destination said that nobody listens (of these some are in `datagrams`: the answer comes later)
  uint64_t too_long = 0;   // not sent: longer than a UDP datagram or the path allows
  uint64_t not_ipfix = 0;  // not sent: over TCP and TLS goes nothing but whole IPFIX messages
};

class SenderBackend;

class Sender {
 public:
  // tls: for that transport. Fails where the host is not known or a file of `tls` cannot be used.
  static Result<Sender> open(const SendTarget& target, const TlsClientOptions& tls = {});
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;
  ~Sender();

  // Whether sources can have addresses of their own: on IPv4 loopback all of 127.0.0.0/8 is local.
  bool can_spread() const;
  IpAddress destination() const;

  // Opens a socket (TCP and TLS: connects), from `address` if given, else from the address that the route has. Its
  // number is for send().
  Result<size_t> add_source(std::optional<IpAddress> address);

  // Queues a copy; sends once there are many. The order is kept within a source.
  Result<> send(size_t source, ByteView datagram);
  // Sends what is queued.
  Result<> flush();
  // The same, and ends connections in order: what was sent has arrived.
  Result<> finish();

  const SendCounts& counts() const;

 private:
  Sender(std::unique_ptr<SenderBackend> backend, const SocketAddress& destination);
  std::unique_ptr<SenderBackend> backend_;
  SocketAddress destination_;
};

// A loopback address for the n-th source, the same every time: 127.0.0.2, 127.0.0.3, ... 127.0.0.254, 127.0.1.1, ...
IpAddress loopback_address(uint32_t n);

// One socket a source may be more than the usual limit of open files: raises it as far as is permitted.
void raise_file_limit();

}  // namespace weir::net
