// One way to send: UDP, or connections. Behind Sender.
#pragma once

#include <memory>
#include <optional>

#include "net/sender.h"
#include "net/socket_address.h"

namespace weir::net {

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

  const SendCounts& counts() const { return counts_; }

 protected:
  SendCounts counts_;
};

// tls: nothing for plain TCP.
std::unique_ptr<SenderBackend> make_stream_backend(const SendTarget& target, const SocketAddress& destination,
                                                   std::optional<TlsContext> tls);

}  // namespace weir::net
