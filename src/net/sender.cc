#include "net/sender.h"

#include <sys/resource.h>

#include <array>

#include "net/receiver.h"
#include "net/sender_backend.h"

namespace weir::net {
namespace {

constexpr std::array<std::string_view, 3> kSchemes = {"udp://", "tcp://", "tls://"};  // by Transport

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

bool SendTarget::is_name() const { return !IpAddress::parse(std::string_view(host).substr(0, host.find('%'))); }

void Destination::chosen(const SocketAddress& address) const {
  if (tell && target.is_name()) tell(fmt::format("{} ({})", address.to_string(), target.host));
}

void add_failure(std::string& failures, const SocketAddress& address, std::string_view why) {
  fmt::format_to(std::back_inserter(failures), "{}{}: {}", failures.empty() ? "" : "; ", address.to_string(), why);
}

Result<Sender> Sender::open(const SendTarget& target, const TlsClientOptions& tls, Tell tell) {
  auto addresses = SocketAddress::resolve(target.host, target.port);
  if (!addresses) return fail("cannot send to {}: {}", target.to_string(), addresses.error().message);
  return open(target, *std::move(addresses), tls, std::move(tell));
}

Result<Sender> Sender::open(const SendTarget& target, std::vector<SocketAddress> addresses, const TlsClientOptions& tls,
                            Tell tell) {
  Destination destination{target, std::move(addresses), std::move(tell)};
  if (target.transport == Transport::udp) return Sender(make_datagram_backend(std::move(destination)));
  std::optional<TlsContext> context;
  if (target.transport == Transport::tls) {
    auto made = TlsContext::client(tls);
    if (!made) return fail("cannot use TLS: {}", made.error().message);
    context = *std::move(made);
  }
  return Sender(make_stream_backend(std::move(destination), std::move(context)));
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

Sender::Sender(std::unique_ptr<SenderBackend> backend) : backend_(std::move(backend)) {}
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;
Sender::~Sender() = default;
Result<size_t> Sender::add_source(std::optional<IpAddress> address) { return backend_->add_source(address); }
Result<> Sender::send(size_t source, ByteView datagram) { return backend_->send(source, datagram); }
Result<> Sender::flush() { return backend_->flush(); }
Result<> Sender::finish() { return backend_->finish(); }
void Sender::await_refusals() { backend_->await_refusals(); }
const SendCounts& Sender::counts() const { return backend_->counts(); }
const SourceReport& Sender::report(size_t source) const { return backend_->report(source); }
const std::string& Sender::why_refused() const { return backend_->why_refused(); }

}  // namespace weir::net
