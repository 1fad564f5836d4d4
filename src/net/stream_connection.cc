#include "net/stream_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace weir::net {

StreamConnection::StreamConnection(uint64_t number, const StreamPeer& peer, Fd fd, const std::optional<TlsContext>& tls,
                                   SteadyTime now)
    : number_(number), peer_(peer), fd_(std::move(fd)), handshake_(tls.has_value()), accepted_(now), last_read_(now) {
  if (tls) tls_ = TlsChannel::server(*tls, fd_.get());
}

Io StreamConnection::begin() {
  const Io io = tls_->handshake();
  if (io.status == IoStatus::done) handshake_ = false;
  if (io.status == IoStatus::failed) error_ = tls_->error();
  return io;
}

Io StreamConnection::read(std::span<uint8_t> into) {
  message_in_this_read_ = false;
  if (!tls_) return read_plain(into);
  const Io io = tls_->read(into);
  if (io.status == IoStatus::failed) error_ = tls_->error();
  return io;
}

Io StreamConnection::read_plain(std::span<uint8_t> into) {
  const ssize_t got = recv(fd_.get(), into.data(), into.size(), 0);
  if (got > 0) return {IoStatus::done, static_cast<size_t>(got)};
  if (got == 0) return {IoStatus::end, 0};
  if (errno == EAGAIN || errno == EINTR) return {IoStatus::want_read, 0};
  error_ = std::strerror(errno);
  return {IoStatus::failed, 0};
}

std::optional<ByteView> StreamConnection::next(ByteView& bytes) {
  const auto message = framer_.next(bytes);
  if (message) proven_ = message_in_this_read_ = true;
  return message;
}

void StreamConnection::note_read(SteadyTime now) {
  last_read_ = now;
  const bool waits = framer_.waiting_bytes() > 0 || (tls_ && tls_->record_incomplete());
  if (!waits) {
    waiting_since_.reset();
  } else if (!waiting_since_ || message_in_this_read_) {
    waiting_since_ = now;
  }
}

void StreamConnection::close() {
  if (tls_) tls_->close();
}

std::optional<StreamClose> StreamConnection::overdue(const StreamLimits& limits, SteadyTime now) const {
  if (handshake_ && now - accepted_ > limits.handshake_time) return StreamClose::handshake_timeout;
  if (waiting_since_ && now - *waiting_since_ > limits.message_time) return StreamClose::message_timeout;
  if (limits.idle_time && now - last_read_ > *limits.idle_time) return StreamClose::idle_timeout;
  return std::nullopt;
}

}  // namespace weir::net
