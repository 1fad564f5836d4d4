// An address and port as the socket calls want them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

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
  // Looks up a name or a numeric address (with a zone, if it has one). Fails with the resolver's reason.
  static Result<SocketAddress> resolve(const std::string& host, uint16_t port);
  // Where a socket is bound.
  static SocketAddress of_socket(int fd);
  // accept4() of a non-blocking connection, whose other end becomes this address; its descriptor, or -1 and errno.
  int accept(int listening);

  sa_family_t family() const { return storage_.ss_family; }
  IpAddress ip() const;
  uint16_t port() const;
  void set_port(uint16_t port);

  const sockaddr* get() const { return static_cast<const sockaddr*>(static_cast<const void*>(&storage_)); }
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

 private:
  sockaddr_storage storage_{};
};

}  // namespace weir::net
