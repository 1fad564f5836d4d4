// Who is at the other end of a connection.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

struct sockaddr_storage;

namespace weir::http {

class Peer {
 public:
  Peer() = default;
  // IPv4-mapped addresses are IPv4. Anything but IP is "unix".
  explicit Peer(const sockaddr_storage& address);

  // What limits count: an IPv4 address or the /64 of an IPv6 address. All unix sockets have the same key.
  using Key = std::array<uint8_t, 16>;
  const Key& key() const { return key_; }
  bool is_unix() const { return unix_; }
  std::string_view text() const { return {text_.data(), length_}; }

 private:
  Key key_{};
  bool unix_ = true;
  std::array<char, 46> text_{'u', 'n', 'i', 'x'};
  size_t length_ = 4;
};

}  // namespace weir::http
