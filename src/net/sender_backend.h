// One way to send: UDP, or connections. Behind Sender.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/sender.h"
#include "net/socket_address.h"
#include "net/tls.h"

namespace weir::net {

// Where to send: the addresses of one name, of which one is used in the end.
struct Destination {
  SendTarget target;
  std::vector<SocketAddress> addresses;  // at least one, in the order in which they are tried
  Sender::Tell tell;                     // may be empty

  // Called once, when the address is known that is used from now on.
  void chosen(const SocketAddress& address) const;
};

// What a source at `wanted` is bound to if it sends to `destination`: see Sender::add_source.
inline std::optional<IpAddress> source_for(const SocketAddress& destination, std::optional<IpAddress> wanted) {
  const bool spreads = destination.family() == AF_INET && destination.is_loopback();
  return spreads ? wanted : std::nullopt;
}

// "[::1]:2055: Connection refused", one after the other: why no address could be used.
void add_failure(std::string& failures, const SocketAddress& address, std::string_view why);

class SenderBackend {
 public:
  SenderBackend() = default;
  SenderBackend(const SenderBackend&) = delete;
  SenderBackend& operator=(const SenderBackend&) = delete;
  virtual ~SenderBackend() = default;
  virtual Result<size_t> add_source(std::optional<IpAddress> address) = 0;
  virtual Result<> send(size_t source, ByteView message) = 0;
  virtual Result<> flush() = 0;
  virtual Result<> finish() = 0;
  virtual void await_refusals() = 0;
  virtual const SourceReport& report(size_t source) const = 0;

  const SendCounts& counts() const { return counts_; }
  const std::string& why_refused() const { return why_refused_; }

 protected:
  SendCounts counts_;
  std::string why_refused_;
};

std::unique_ptr<SenderBackend> make_datagram_backend(Destination destination);
// tls: nothing for plain TCP.
std::unique_ptr<SenderBackend> make_stream_backend(Destination destination, std::optional<TlsContext> tls);

}  // namespace weir::net
