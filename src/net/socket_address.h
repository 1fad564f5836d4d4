// An address and port as the socket calls want them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace weir::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  // IPv4 addresses as AF_INET, others as AF_INET6.
  SocketAddress(const IpAddress& address, uint16_t port);
  // Every address of the family.
  static SocketAddress any(sa_family_t family, uint16_t port);
  // Looks up a name or a numeric address (with a zone, if it has one). Every address once, in the resolver's order
  // (RFC 6724); at least one. Fails with the resolver's reason.
  static Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port);
  // Where a socket is bound.
  static SocketAddress of_socket(int fd);
  // accept4() of a non-blocking connection, whose other end becomes this address; its descriptor, or -1 and errno.
  int accept(int listening);

  sa_family_t family() const { return storage_.ss_family; }
  IpAddress ip() const;
  bool is_loopback() const;
  uint16_t port() const;
  std::string to_string() const;  // "192.0.2.1:2055", "[2001:db8::1]:2055"
  void set_port(uint16_t port);

  const sockaddr* get() const { return static_cast<const sockaddr*>(static_cast<const void*>(&storage_)); }
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

 private:
  bool is_same(const SocketAddress& other) const;

  sockaddr_storage storage_{};
};

}  // namespace weir::net
