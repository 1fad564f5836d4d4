// One TCP connection of an exporter, with TLS or without: cuts its bytes into messages, and knows since when it keeps
// us waiting. Reads only what is there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "net/ipfix_framing.h"
#include "net/stream_limits.h"
#include "net/stream_listener.h"

namespace weir::net {

using SteadyTime = std::chrono::steady_clock::time_point;

class StreamConnection {
 public:
  StreamConnection(uint64_t number, const StreamPeer& peer, Fd fd, const std::optional<TlsContext>& tls,
                   SteadyTime now);

  uint64_t number() const { return number_; }
  const StreamPeer& peer() const { return peer_; }
  int fd() const { return fd_.get(); }

  // Goes on with the TLS handshake, if there is one to do.
  Io begin();
  bool begun() const { return !handshake_; }
  // What is there, at most the size of `into`.
  Io read(std::span<uint8_t> into);
  // The next whole message among bytes that were read; see IpfixFramer.
  std::optional<ByteView> next(ByteView& bytes);
  bool broken() const { return framer_.broken(); }
  // After a read, once its messages were taken.
  void note_read(SteadyTime now);
  void close();

  bool has_sent_a_message() const { return proven_; }
  // Bytes of a message that is not whole yet.
  size_t waiting_bytes() const { return framer_.waiting_bytes(); }
  size_t memory() const { return framer_.memory(); }
  // When the message that is not whole yet began.
  std::optional<SteadyTime> waiting_since() const { return waiting_since_; }
  // Whether it has kept us waiting for too long, and what for.
  std::optional<StreamClose> overdue(const StreamLimits& limits, SteadyTime now) const;
  const std::string& error() const { return error_; }

  bool wants_write = false;  // what the socket is watched for
  bool again = false;        // there may be more to read than its turn allowed

 private:
  Io read_plain(std::span<uint8_t> into);

  uint64_t number_;
  StreamPeer peer_;
  Fd fd_;
  std::optional<TlsChannel> tls_;
  bool handshake_;  // still to be done
  bool proven_ = false;
  bool message_in_this_read_ = false;
  IpfixFramer framer_;
  SteadyTime accepted_;
  SteadyTime last_read_;
  std::optional<SteadyTime> waiting_since_;
  std::string error_;
};

}  // namespace weir::net
