// IPFIX over TCP and TLS (RFC 7011 section 10.4): accepts connections, reads them without ever waiting for one, cuts
// them into messages. One thread owns a listener. Peers are bounded in number, memory and time (net/stream_limits.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/datagram.h"
#include "base/result.h"
#include "base/stream_counters.h"
#include "net/receiver.h"
#include "net/stream_limits.h"
#include "net/tls.h"

namespace weir::net {

struct StreamPeer {
  IpAddress address;
  uint16_t port = 0;
  std::string to_string() const;
};

// What a listener tells about, in the order of events.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // One whole IPFIX message. Its connection number is never used again.
  virtual void on_message(const Datagram& message) = 0;
  // The last of this connection. detail: why, in a few words, if there is more to say than the reason.
  virtual void on_closed(uint64_t connection, const StreamPeer& peer, StreamClose reason,
                         const std::string& detail) = 0;
  virtual void on_refused(const StreamPeer& peer, StreamRefusal reason) = 0;
};

class StreamListener {
 public:
  // Opens the sockets. `context` may be empty if there are no `tls` addresses. Fails with the address and the reason.
  // Raises the process's limit of open files as far as is permitted, and takes fewer connections if it is too low.
  static Result<StreamListener> open(std::span<const ListenAddress> tcp, std::span<const ListenAddress> tls,
                                     std::optional<TlsContext> context, const StreamLimits& limits);
  StreamListener(StreamListener&&) noexcept;
  StreamListener& operator=(StreamListener&&) noexcept;
  ~StreamListener();

  // Waits up to `timeout` for something to happen, then does what can be done at once: accepts, reads, closes what is
  // too slow. False if there was nothing.
  Result<bool> poll(std::chrono::milliseconds timeout, StreamSink& sink);
  // Ends all connections; counts what they had sent and nobody had read.
  void close_all(StreamSink& sink);

  // Makes a poll() in another thread return at once.
  void wake();

  // For connections that begin from now on.
  void set_tls(TlsContext context);
  void set_limits(const StreamLimits& limits);

  const StreamCounters& counters() const;
  // Connections that it takes at most: fewer than the limit, where the process may not open so many files.
  size_t most_connections() const;
  // As bound: for port 0, what the kernel chose; in the order of the addresses, TCP first.
  std::vector<uint16_t> ports() const;

 private:
  class Impl;
  explicit StreamListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
