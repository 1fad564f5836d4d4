#include "net/sender.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "net/receiver.h"
#include "net/sender_backend.h"
#include "net/socket_address.h"

namespace weir::net {
namespace {

constexpr size_t kBatch = 64;
constexpr size_t kBatchBytes = size_t{1} << 18;
constexpr std::chrono::milliseconds kBackOff{1};  // when a queue of the kernel is full
constexpr int kMaxBackOffs = 5000;

struct Source {
  Fd fd;
  std::vector<uint8_t> bytes;  // queued datagrams, one after the other
  std::vector<size_t> ends;    // of each in bytes
};

constexpr std::array<std::string_view, 3> kSchemes = {"udp://", "tcp://", "tls://"};  // by Transport

class DatagramBackend final : public SenderBackend {
 public:
  DatagramBackend(std::string name, const SocketAddress& destination)
      : name_(std::move(name)), destination_(destination) {}

  Result<size_t> add_source(std::optional<IpAddress> address) override;
  Result<> send(size_t source, ByteView datagram) override;
  Result<> flush() override;
  Result<> finish() override { return flush(); }

 private:
  Result<> flush(Source& source);
  Result<size_t> send_some(const Source& source, size_t first);

  std::string name_;
  SocketAddress destination_;
  std::vector<Source> sources_;
  std::vector<size_t> waiting_;  // sources with something queued
};

Result<size_t> DatagramBackend::add_source(std::optional<IpAddress> address) {
  Source source;
  source.fd = Fd(::socket(destination_.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!source.fd) {
    const bool limit = errno == EMFILE;
    auto failure = fail_errno("cannot open a socket");
    if (limit)
      failure.error().message += fmt::format(" ({} are open; raise the limit with `ulimit -n`)", sources_.size());
    return failure;
  }
  if (address) {
    const SocketAddress from(*address, 0);
    if (bind(source.fd.get(), from.get(), from.size()) != 0)
      return fail_errno("cannot send from " + address->to_string());
  }
  // Connected, so that the kernel tells when nobody listens.
  if (connect(source.fd.get(), destination_.get(), destination_.size()) != 0)
    return fail_errno("cannot send to " + name_);
  sources_.push_back(std::move(source));
  return sources_.size() - 1;
}

Result<> DatagramBackend::send(size_t number, ByteView datagram) {
  Source& source = sources_[number];
  if (source.ends.empty()) waiting_.push_back(number);
  source.bytes.insert(source.bytes.end(), datagram.begin(), datagram.end());
  source.ends.push_back(source.bytes.size());
  if (source.ends.size() < kBatch && source.bytes.size() < kBatchBytes) return {};
  std::erase(waiting_, number);
  return flush(source);
}

Result<> DatagramBackend::flush() {
  for (const size_t number : waiting_) {
    if (const Result<> flushed = flush(sources_[number]); !flushed) return flushed;
  }
  waiting_.clear();
  return {};
}

Result<> DatagramBackend::flush(Source& source) {
  size_t done = 0;
  while (done < source.ends.size()) {
    const Result<size_t> sent = send_some(source, done);
    if (!sent) return std::unexpected(sent.error());
    done += *sent;
  }
  source.bytes.clear();
  source.ends.clear();
  return {};
}

// Hands queued datagrams from the first-th on to the kernel; how many are done with, at least one.
Result<size_t> DatagramBackend::send_some(const Source& source, size_t first) {
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> headers{};
  const size_t count = std::min(source.ends.size() - first, kBatch);
  size_t begin = first == 0 ? 0 : source.ends[first - 1];
  for (size_t i = 0; i < count; ++i) {
    const size_t end = source.ends[first + i];
    // sendmmsg only reads through this pointer.
    parts[i] = {const_cast<uint8_t*>(std::span(source.bytes).subspan(begin).data()), end - begin};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    begin = end;
  }
  for (int tries = 0; tries < kMaxBackOffs; ++tries) {
    const int sent = sendmmsg(source.fd.get(), headers.data(), static_cast<unsigned>(count), 0);
    if (sent > 0) {
      counts_.datagrams += static_cast<uint64_t>(sent);
      for (size_t i = 0; i < static_cast<size_t>(sent); ++i) counts_.bytes += parts[i].iov_len;
      return static_cast<size_t>(sent);
    }
    switch (errno) {
      case ECONNREFUSED:  // the answer to an earlier datagram; this one has not been tried yet
        ++counts_.refused;
        break;
      case EMSGSIZE:
        ++counts_.too_long;
        return size_t{1};
      case EAGAIN:
      case ENOBUFS:
        std::this_thread::sleep_for(kBackOff);
        break;
      case EINTR:
        break;
      default:
        return fail_errno("cannot send to " + name_);
    }
  }
  return fail("cannot send to {}: the kernel takes nothing more", name_);
}

}  // namespace

Result<SendTarget> SendTarget::parse(std::string_view text) {
  SendTarget target;
  std::string_view rest = text;
  for (size_t i = 0; i < kSchemes.size(); ++i) {
    if (!text.starts_with(kSchemes[i])) continue;
    target.transport = static_cast<Transport>(i);
    rest.remove_prefix(kSchemes[i].size());
  }
  const Result<ListenAddress> address = ListenAddress::parse(rest);
  if (!address || address->host.empty() || address->port == 0 || address->host.find('/') != std::string::npos) {
    return fail(
        "\"{}\" is not a destination: give HOST:PORT, like 127.0.0.1:2055 or [::1]:4739, or for IPFIX "
        "tcp://HOST:PORT or tls://HOST:PORT",
        text);
  }
  target.host = address->host;
  target.port = address->port;
  return target;
}

std::string SendTarget::to_string() const {
  const std::string_view scheme = transport == Transport::udp ? "" : kSchemes[static_cast<size_t>(transport)];
  return fmt::format("{}{}", scheme, ListenAddress{host, port}.to_string());
}

Result<Sender> Sender::open(const SendTarget& target, const TlsClientOptions& tls) {
  const Result<SocketAddress> destination = SocketAddress::resolve(target.host, target.port);
  if (!destination) return fail("cannot send to {}: {}", target.to_string(), destination.error().message);
  if (target.transport == Transport::udp) {
    return Sender(std::make_unique<DatagramBackend>(target.to_string(), *destination), *destination);
  }
  std::optional<TlsContext> context;
  if (target.transport == Transport::tls) {
    auto made = TlsContext::client(tls);
    if (!made) return fail("cannot use TLS: {}", made.error().message);
    context = *std::move(made);
  }
  return Sender(make_stream_backend(target, *destination, std::move(context)), *destination);
}

IpAddress loopback_address(uint32_t n) {
  const uint32_t number = n + 1;
  const uint32_t subnet = number / 254 % 65536;
  return IpAddress::from_v4(uint32_t{127} << 24 | subnet << 8 | (1 + number % 254));
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Sender::Sender(std::unique_ptr<SenderBackend> backend, const SocketAddress& destination)
    : backend_(std::move(backend)), destination_(destination) {}
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;
Sender::~Sender() = default;
bool Sender::can_spread() const {
  const IpAddress ip = destination_.ip();
  return ip.is_v4() && ip.v4() >> 24 == 127;
}
IpAddress Sender::destination() const { return destination_.ip(); }
Result<size_t> Sender::add_source(std::optional<IpAddress> address) { return backend_->add_source(address); }
Result<> Sender::send(size_t source, ByteView datagram) { return backend_->send(source, datagram); }
Result<> Sender::flush() { return backend_->flush(); }
Result<> Sender::finish() { return backend_->finish(); }
const SendCounts& Sender::counts() const { return backend_->counts(); }

}  // namespace weir::net
