#include "http/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

namespace weir::http {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START

// A socket address of any family.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
  template <class T>
  T& as() {
    return *static_cast<T*>(static_cast<void*>(&storage));
  }
};

Result<> set_option(int fd, int level, int option, int value) {
  if (::setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
  return fail_errno("cannot set a socket option");
}

std::string name_of(Address& address, uint16_t& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  port = 0;
  if (address.storage.ss_family == AF_INET) {
    const auto& v4 = address.as<sockaddr_in>();
    port = ntohs(v4.sin_port);
    return fmt::format("{}:{}", ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()), port);
  }
  if (address.storage.ss_family == AF_INET6) {
    const auto& v6 = address.as<sockaddr_in6>();
    port = ntohs(v6.sin6_port);
    return fmt::format("[{}]:{}", ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size()), port);
  }
  const std::string_view path(address.as<sockaddr_un>().sun_path);
  return fmt::format("unix:{}", path);
}

// Returns a socket that is bound and listening, or none (errno).
std::optional<ListeningSocket> open_socket(Address& address, bool only_v6) {
  const int family = address.storage.ss_family;
  ListeningSocket socket;
  socket.fd = Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.fd) return std::nullopt;
  const int fd = socket.fd.get();
  if (family != AF_UNIX) {
    if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return std::nullopt;
    // Inherited by connections: the last piece of an answer does not wait for the acknowledgement of the others.
    if (!set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1)) return std::nullopt;
  }
  if (family == AF_INET6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only_v6 ? 1 : 0)) return std::nullopt;
  if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, kBacklog) != 0) return std::nullopt;
  Address bound;
  if (::getsockname(fd, bound.get(), &bound.size) != 0) return std::nullopt;
  socket.name = name_of(bound, socket.port);
  return socket;
}

std::unexpected<Error> cannot_listen(std::string_view address) {
  const int error = errno;
  std::string_view advice;
  if (error == EADDRINUSE) advice = "; another program listens there: stop it, or choose another port with --listen";
  if (error == EACCES) advice = "; ports below 1024 and foreign folders need more rights";
  if (error == EADDRNOTAVAIL) advice = "; this machine does not have that address";
  errno = error;
  auto failure = fail_errno(fmt::format("cannot listen on {}", address));
  return fail("{}{}", failure.error().message, advice);
}

// Whether the file in the way is a socket that nobody listens on any more.
void remove_stale(const Address& address, const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Address copy = address;
  if (probe && ::connect(probe.get(), copy.get(), copy.size) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

Result<std::vector<ListeningSocket>> listen_on_path(std::string path) {
  Address address;
  auto& local = address.as<sockaddr_un>();
  if (path.empty() || path.size() >= sizeof(local.sun_path)) {
    return fail("cannot listen on unix:{}: a path of 1 to {} bytes is needed", path, sizeof(local.sun_path) - 1);
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof(sockaddr_un);
  remove_stale(address, path);
  auto socket = open_socket(address, false);
  if (!socket) return cannot_listen("unix:" + path);
  socket->unlink = std::move(path);
  std::vector<ListeningSocket> sockets;
  sockets.push_back(std::move(*socket));
  return sockets;
}

Result<std::vector<ListeningSocket>> listen_everywhere(uint16_t port) {
  Address address;
  auto& v6 = address.as<sockaddr_in6>();
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  address.size = sizeof(sockaddr_in6);
  auto socket = open_socket(address, false);
  if (!socket && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
    // A kernel without IPv6.
    address = Address{};
    auto& v4 = address.as<sockaddr_in>();
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    socket = open_socket(address, false);
  }
  if (!socket) return cannot_listen(fmt::format(":{}", port));
  std::vector<ListeningSocket> sockets;
  sockets.push_back(std::move(*socket));
  return sockets;
}

Result<std::vector<ListeningSocket>> listen_on_host(const std::string& host, uint16_t port, std::string_view text) {
  std::vector<ListeningSocket> sockets;
  Address address;
  // Numeric addresses go without the resolver, which loads modules and reads files.
  if (auto& v4 = address.as<sockaddr_in>(); ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    auto socket = open_socket(address, false);
    if (!socket) return cannot_listen(text);
    sockets.push_back(std::move(*socket));
    return sockets;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    return fail("cannot listen on {}: {}: {}", text, host, ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    address = Address{};
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    auto socket = open_socket(address, true);
    if (!socket) return cannot_listen(text);
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

}  // namespace

Result<std::vector<ListeningSocket>> listen_on(std::string_view text) {
  if (text.starts_with("unix:")) return listen_on_path(std::string(text.substr(5)));
  if (text.starts_with('/')) return listen_on_path(std::string(text));
  const auto refuse = [&](std::string_view why) {
    return fail(
        "\"{}\" is not an address to listen on: {} (like :9100, 192.0.2.1:9100, [2001:db8::1]:9100 or "
        "unix:/run/x.sock)",
        text, why);
  };
  const size_t colon = text.rfind(':');
  std::string_view host = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  const std::string_view digits = colon == std::string_view::npos ? text : text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return refuse("its port is not a number from 0 to 65535");
  if (host.starts_with('[') != host.ends_with(']') || host == "[" || host == "[]")
    return refuse("its brackets do not match");
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address needs brackets");
  }
  if (host.empty() || host == "*") return listen_everywhere(port);
  return listen_on_host(std::string(host), port, text);
}

Result<ListeningSocket> adopt(Fd fd) {
  ListeningSocket socket;
  const int number = fd.get();
  int listening = 0;
  socklen_t size = sizeof(listening);
  if (::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return fail_errno(fmt::format("the inherited descriptor {} is not a socket", number));
  }
  if (listening == 0)
    return fail("the inherited descriptor {} does not listen: the socket unit needs ListenStream=", number);
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || ::fcntl(number, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
    return fail_errno(fmt::format("cannot use the inherited descriptor {}", number));
  }
  Address bound;
  if (::getsockname(number, bound.get(), &bound.size) != 0)
    return fail_errno(fmt::format("cannot use the inherited descriptor {}", number));
  socket.name = name_of(bound, socket.port);
  if (socket.port != 0) (void)set_option(number, IPPROTO_TCP, TCP_NODELAY, 1);
  socket.fd = std::move(fd);
  return socket;
}

std::vector<Fd> sockets_of_systemd() {
  const auto number = [](const char* variable) -> long {
    const char* const text = std::getenv(variable);
    if (text == nullptr) return -1;
    long value = -1;
    const std::string_view digits(text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? value : -1;
  };
  std::vector<Fd> sockets;
  const long pid = number("LISTEN_PID");
  const long count = number("LISTEN_FDS");
  if (pid == ::getpid() && count > 0 && count <= 64) {
    for (int i = 0; i < count; ++i) sockets.emplace_back(kFirstInherited + i);
  }
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  return sockets;
}

}  // namespace weir::http
