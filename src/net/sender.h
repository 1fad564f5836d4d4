// Sends UDP datagrams from one or many source addresses, many per system call (sendmmsg), or IPFIX messages over TCP
// and TLS. For replaying captures and for synthetic exporters; a collector itself never sends.
//
// A name may have several addresses, and a collector listen on one of them only: Debian's localhost is ::1 and
// 127.0.0.1. They are tried in the resolver's order, and the first that somebody listens on is used for everything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // Not an address as it is.
  bool is_name() const;
};

struct SendCounts {
  uint64_t datagrams = 0;  // that the kernel took, without those that were refused
  uint64_t bytes = 0;      // of their payload; what a refusal takes off is exact on this machine, an estimate from afar
  uint64_t refused = 0;    // that were answered by ICMP: nobody listens there, or there is no way
  uint64_t too_long = 0;   // not sent: longer than a UDP datagram or the path allows
  uint64_t not_ipfix = 0;  // not sent: over TCP and TLS goes nothing but whole IPFIX messages
};

// What went out from one source.
struct SourceReport {
  std::optional<IpAddress> address;  // none: what the route has
  uint64_t datagrams = 0;            // as in SendCounts
  uint64_t bytes = 0;
};

class SenderBackend;

class Sender {
 public:
  // Hears which address is used, once it is known, if the destination is a name: "[::1]:2055 (localhost)".
  using Tell = std::function<void(std::string_view address)>;

  // tls: for that transport. Fails where the host is not known or a file of `tls` cannot be used.
  static Result<Sender> open(const SendTarget& target, const TlsClientOptions& tls = {}, Tell tell = {});
  // The same, where the addresses are known.
  static Result<Sender> open(const SendTarget& target, std::vector<SocketAddress> addresses,
                             const TlsClientOptions& tls = {}, Tell tell = {});
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;
  ~Sender();

  // Adds a socket (TCP and TLS: connects it). `address` keeps sources distinct where they can have addresses of their
  // own: to IPv4 loopback, since all of 127.0.0.0/8 is local. Elsewhere, and without one, it is what the route has.
  // Returns the number for send().
  Result<size_t> add_source(std::optional<IpAddress> address);

  // Queues a copy; sends once there are many. The order is kept within a source.
  Result<> send(size_t source, ByteView datagram);
  // Sends what is queued.
  Result<> flush();
  // The same, and ends connections in order: what was sent has arrived.
  Result<> finish();
  // UDP: waits a moment for answers to what was sent last. After that the counts are final.
  void await_refusals();

  const SendCounts& counts() const;
  const SourceReport& report(size_t source) const;
  // The addresses that refused, with the reason: "127.0.0.1:2055: Connection refused". Empty: none did.
  const std::string& why_refused() const;

 private:
  explicit Sender(std::unique_ptr<SenderBackend> backend);
  std::unique_ptr<SenderBackend> backend_;
};

// A loopback address for the n-th source, the same every time: 127.0.0.2, 127.0.0.3, ... 127.0.0.254, 127.0.1.1, ...
IpAddress loopback_address(uint32_t n);

// One socket a source may be more than the usual limit of open files: raises it as far as is permitted.
void raise_file_limit();

}  // namespace weir::net
