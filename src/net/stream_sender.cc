// Sends IPFIX over TCP and TLS (RFC 7011 section 10.4): each source has a connection of its own.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/fd.h"
#include "net/ipfix_framing.h"
#include "net/sender_backend.h"
#include "net/tls.h"

namespace weir::net {
namespace {

constexpr size_t kWriteBytes = size_t{64} << 10;  // queued bytes of a source that are worth a system call
constexpr time_t kPatienceSeconds = 15;           // for a collector that does not answer, or takes nothing

// Whether bytes are nothing but whole IPFIX messages.
bool is_whole_messages(ByteView bytes) {
  IpfixFramer framer;
  size_t messages = 0;
  while (framer.next(bytes)) ++messages;
  return messages > 0 && !framer.broken() && framer.waiting_bytes() == 0;
}

struct Source {
  Fd fd;
  std::optional<TlsChannel> tls;
  std::vector<uint8_t> bytes;  // queued
  uint64_t messages = 0;       // in them
  SourceReport report;
};

class StreamBackend final : public SenderBackend {
 public:
  StreamBackend(Destination destination, std::optional<TlsContext> tls)
      : destination_(std::move(destination)), tls_(std::move(tls)) {
    block_sigpipe();
  }

  Result<size_t> add_source(std::optional<IpAddress> address) override;
  Result<> send(size_t source, ByteView message) override;
  Result<> flush() override;
  Result<> finish() override;
  void await_refusals() override {}  // a connection tells itself
  const SourceReport& report(size_t source) const override { return sources_[source].report; }

 private:
  std::unexpected<Error> cannot(std::string_view what, const std::string& why) const {
    return fail("cannot {} {}: {}", what, destination_.target.to_string(), why);
  }
  Result<> connect_any(Source& source, std::optional<IpAddress> from);
  Result<int> connect_to(Source& source, const SocketAddress& address, std::optional<IpAddress> from) const;
  Result<> handshake(Source& source) const;
  Result<> write(Source& source);
  Io write_some(Source& source, ByteView bytes) const;
  Result<> end(Source& source) const;

  Destination destination_;
  std::optional<TlsContext> tls_;
  std::vector<Source> sources_;
  std::optional<SocketAddress> chosen_;  // the first that took a connection, for all that follow
};

Result<size_t> StreamBackend::add_source(std::optional<IpAddress> address) {
  Source source;
  TRY(connect_any(source, address));
  if (tls_) TRY(handshake(source));
  sources_.push_back(std::move(source));
  return sources_.size() - 1;
}

// Tries the addresses of a name in turn. Whoever takes the connection is the collector: after that no other is tried.
Result<> StreamBackend::connect_any(Source& source, std::optional<IpAddress> from) {
  std::string failures;
  bool nobody = false;
  const std::vector<SocketAddress> addresses = chosen_ ? std::vector{*chosen_} : destination_.addresses;
  for (const SocketAddress& address : addresses) {
    const int error = TRY(connect_to(source, address, from));
    if (error == 0) {
      if (!chosen_) destination_.chosen(address);
      chosen_ = address;
      return {};
    }
    nobody |= error == ECONNREFUSED;
    if (destination_.addresses.size() == 1)
      failures = std::strerror(error);
    else
      add_failure(failures, address, std::strerror(error));
  }
  return cannot("connect to", failures + (nobody ? " (start `weir collect` with --listen-tcp or --listen-tls)" : ""));
}

// 0, or why there is no connection: an errno.
Result<int> StreamBackend::connect_to(Source& source, const SocketAddress& address,
                                      std::optional<IpAddress> from) const {
  source.fd = Fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int fd = source.fd.get();
  if (!source.fd && errno == EAFNOSUPPORT) return errno;
  if (!source.fd) return fail_errno("cannot open a socket");
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // for connect(), too
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int no_delay = 1;  // what is handed over is meant to go
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  source.report.address = source_for(address, from);
  if (source.report.address) {
    const SocketAddress bound(*source.report.address, 0);
    if (bind(fd, bound.get(), bound.size()) != 0) {
      return fail_errno("cannot send from " + source.report.address->to_string());
    }
  }
  if (connect(fd, address.get(), address.size()) == 0) return 0;
  return errno == EINPROGRESS ? ETIMEDOUT : errno;
}

Result<> StreamBackend::handshake(Source& source) const {
  source.tls = TlsChannel::client(*tls_, source.fd.get(), destination_.target.host);
  switch (source.tls->handshake().status) {
    case IoStatus::done:
      return {};
    case IoStatus::want_read:
    case IoStatus::want_write:
      return cannot("connect to", "nothing answers the TLS handshake; is it a port for TLS?");
    case IoStatus::end:
      return cannot("connect to", "the collector closed the connection during the TLS handshake");
    case IoStatus::failed:
      break;
  }
  return cannot("connect to", "the TLS handshake failed: " + source.tls->error());
}

Result<> StreamBackend::send(size_t number, ByteView message) {
  if (!is_whole_messages(message)) {
    ++counts_.not_ipfix;
    return {};
  }
  Source& source = sources_[number];
  source.bytes.insert(source.bytes.end(), message.begin(), message.end());
  ++source.messages;
  return source.bytes.size() < kWriteBytes ? Result<>{} : write(source);
}

Result<> StreamBackend::flush() {
  for (Source& source : sources_) TRY(write(source));
  return {};
}

Result<> StreamBackend::write(Source& source) {
  ByteView left(source.bytes);
  while (!left.empty()) {
    const Io io = write_some(source, left);
    switch (io.status) {
      case IoStatus::done:
        left = left.subspan(io.bytes);
        break;
      case IoStatus::want_read:
      case IoStatus::want_write:
        return cannot("send to", fmt::format("it has taken nothing for {} s", kPatienceSeconds));
      case IoStatus::end:
      case IoStatus::failed: {
        TRY(end(source));  // it may have said why
        return cannot("send to", "the collector closed the connection (its log says why)");
      }
    }
  }
  counts_.datagrams += source.messages;
  counts_.bytes += source.bytes.size();
  source.report.datagrams += std::exchange(source.messages, 0);
  source.report.bytes += source.bytes.size();
  source.bytes.clear();
  return {};
}

Io StreamBackend::write_some(Source& source, ByteView bytes) const {
  if (source.tls) return source.tls->write(bytes);
  const ssize_t sent = ::send(source.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {IoStatus::done, static_cast<size_t>(sent)};
  return {errno == EAGAIN || errno == EINTR ? IoStatus::want_write : IoStatus::failed, 0};
}

Result<> StreamBackend::finish() {
  TRY(flush());
  for (Source& source : sources_) {
    if (source.tls) source.tls->close();
    shutdown(source.fd.get(), SHUT_WR);
  }
  for (Source& source : sources_) TRY(end(source));
  return {};
}

// Until the collector has closed its side, too: who closes with something unread resets the connection, and what was
// sent may be lost. A collector that refuses our certificate says so only now (TLS 1.3).
Result<> StreamBackend::end(Source& source) const {
  std::array<uint8_t, 4096> answer;
  while (true) {
    if (!source.tls) {
      const ssize_t got = recv(source.fd.get(), answer.data(), answer.size(), 0);
      if (got > 0) return cannot("send to", "it answers, which no IPFIX collector does; is it a port for TLS?");
      if (got < 0 && errno == ECONNRESET)
        return cannot("send to", "the collector broke the connection (its log says why)");
      return {};
    }
    const Io io = source.tls->read(answer);
    if (io.status == IoStatus::done) continue;
    if (io.status == IoStatus::failed) return cannot("send to", "the collector ended TLS: " + source.tls->error());
    return {};
  }
}

}  // namespace

std::unique_ptr<SenderBackend> make_stream_backend(Destination destination, std::optional<TlsContext> tls) {
  return std::make_unique<StreamBackend>(std::move(destination), std::move(tls));
}

}  // namespace weir::net
