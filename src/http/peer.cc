#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace weir::http {

Peer::Peer(const sockaddr_storage& address) {
  const void* const whole = &address;
  int family = address.ss_family;
  std::array<uint8_t, 16> bytes{};
  if (family == AF_INET) {
    std::memcpy(bytes.data() + 12, &static_cast<const sockaddr_in*>(whole)->sin_addr, 4);
    bytes[10] = bytes[11] = 0xff;
  } else if (family == AF_INET6) {
    const in6_addr& ip = static_cast<const sockaddr_in6*>(whole)->sin6_addr;
    std::memcpy(bytes.data(), &ip, bytes.size());
    if (IN6_IS_ADDR_V4MAPPED(&ip)) family = AF_INET;
  } else {
    return;
  }
  unix_ = false;
  const uint8_t* const shown = family == AF_INET ? bytes.data() + 12 : bytes.data();
  ::inet_ntop(family, shown, text_.data(), static_cast<socklen_t>(text_.size()));
  length_ = std::strlen(text_.data());
  key_ = bytes;
  if (family == AF_INET6) std::fill(key_.begin() + 8, key_.end(), uint8_t{0});
}

}  // namespace weir::http
