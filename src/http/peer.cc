#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace weir::http {

Peer::Peer(const sockaddr_storage& address) {
  const void* const bytes = &address;
  int family = address.ss_family;
  std::array<uint8_t, 16> octets{};
  if (family == AF_INET) {
    std::memcpy(octets.data() + 12, &static_cast<const sockaddr_in*>(bytes)->sin_addr, 4);
    octets[10] = octets[11] = 0xff;
  } else if (family == AF_INET6) {
    const in6_addr& ip = static_cast<const sockaddr_in6*>(bytes)->sin6_addr;
    std::memcpy(octets.data(), &ip, octets.size());
    if (IN6_IS_ADDR_V4MAPPED(&ip)) family = AF_INET;
  } else {
    return;
  }
  unix_ = false;
  const uint8_t* const shown = family == AF_INET ? octets.data() + 12 : octets.data();
  ::inet_ntop(family, shown, text_.data(), static_cast<socklen_t>(text_.size()));
  length_ = std::strlen(text_.data());
  key_ = octets;
  if (family == AF_INET6) std::fill(key_.begin() + 8, key_.end(), uint8_t{0});
}

}  // namespace weir::http
