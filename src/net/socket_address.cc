#include "net/socket_address.h"

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace weir::net {
namespace {

// The views of sockaddr_storage that POSIX means it to have, by copy.
template <class Address>
Address load(const sockaddr_storage& storage) {
  Address address;
  std::memcpy(&address, &storage, sizeof address);
  return address;
}
template <class Address>
void store(sockaddr_storage& storage, const Address& address) {
  std::memcpy(&storage, &address, sizeof address);
}

}  // namespace

SocketAddress::SocketAddress(const IpAddress& address, uint16_t port) {
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, &address.bytes[12], 4);
    store(storage_, v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    store(storage_, v6);
  }
  set_port(port);
}

SocketAddress SocketAddress::any(sa_family_t family, uint16_t port) {
  return family == AF_INET ? SocketAddress(IpAddress::from_v4(0), port) : SocketAddress(IpAddress{}, port);
}

Result<std::vector<SocketAddress>> SocketAddress::resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) return fail("cannot look up \"{}\": {}", host, gai_strerror(status));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    SocketAddress address;
    std::memcpy(&address.storage_, entry->ai_addr, std::min(size_t{entry->ai_addrlen}, sizeof address.storage_));
    address.set_port(port);
    const auto same = [&](const SocketAddress& other) { return address.is_same(other); };
    if (std::ranges::none_of(addresses, same)) addresses.push_back(address);
  }
  if (addresses.empty()) return fail("cannot look up \"{}\": it has no IPv4 or IPv6 address", host);
  return addresses;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress address;
  socklen_t size = sizeof address.storage_;
  getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&address.storage_)), &size);
  return address;
}

int SocketAddress::accept(int listening) {
  socklen_t size = sizeof storage_;
  storage_ = {};
  return accept4(listening, static_cast<sockaddr*>(static_cast<void*>(&storage_)), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

IpAddress SocketAddress::ip() const {
  IpAddress address = IpAddress::from_v4(0);
  if (family() == AF_INET) {
    const auto v4 = load<sockaddr_in>(storage_);
    std::memcpy(&address.bytes[12], &v4.sin_addr, 4);
  } else {
    const auto v6 = load<sockaddr_in6>(storage_);
    std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  }
  return address;
}

bool SocketAddress::is_loopback() const {
  const IpAddress address = ip();
  if (address.is_v4()) return address.v4() >> 24 == 127;
  const auto v6 = load<sockaddr_in6>(storage_);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

// The zone belongs to it: fe80::1 of two interfaces are two machines.
bool SocketAddress::is_same(const SocketAddress& other) const {
  if (family() != other.family() || ip() != other.ip() || port() != other.port()) return false;
  return family() == AF_INET ||
         load<sockaddr_in6>(storage_).sin6_scope_id == load<sockaddr_in6>(other.storage_).sin6_scope_id;
}

std::string SocketAddress::to_string() const {
  const std::string address = ip().to_string();
  return family() == AF_INET ? fmt::format("{}:{}", address, port()) : fmt::format("[{}]:{}", address, port());
}

uint16_t SocketAddress::port() const {
  // The port is at the same place in both families.
  return ntohs(load<sockaddr_in>(storage_).sin_port);
}

void SocketAddress::set_port(uint16_t port) {
  auto v4 = load<sockaddr_in>(storage_);
  v4.sin_port = htons(port);
  store(storage_, v4);
}

}  // namespace weir::net
