// An IPv4 or IPv6 address as 16 bytes in network byte order, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2): one
// type and one column hold both, and byte order is the order of prefixes.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"

namespace weir {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  // host: the address as a number, 192.0.2.1 = 0xc0000201
  static constexpr IpAddress from_v4(uint32_t host) {
    IpAddress a;
    a.bytes = {0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0xff,
               0xff,
               static_cast<uint8_t>(host >> 24),
               static_cast<uint8_t>(host >> 16),
               static_cast<uint8_t>(host >> 8),
               static_cast<uint8_t>(host)};
    return a;
  }
  // Text in either family, without a prefix length or zone. nullopt if it is not an address.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr bool is_v4() const {
    for (size_t i = 0; i < 10; ++i) {
      if (bytes[i] != 0) return false;
    }
    return bytes[10] == 0xff && bytes[11] == 0xff;
  }
  // The last 32 bits as a number: the address, if is_v4().
  constexpr uint32_t v4() const {
    return uint32_t{bytes[12]} << 24 | uint32_t{bytes[13]} << 16 | uint32_t{bytes[14]} << 8 | bytes[15];
  }
  // 0.0.0.0 or ::
  constexpr bool is_unspecified() const { return is_v4() ? v4() == 0 : *this == IpAddress{}; }

  // 192.0.2.1, or IPv6 by RFC 5952.
  std::string to_string() const;

  constexpr auto operator<=>(const IpAddress&) const = default;
  // As two words: the bytes one by one would be a call of memcmp, several times for each datagram.
  constexpr bool operator==(const IpAddress& other) const {
    using Words = std::array<uint64_t, 2>;
    const auto a = std::bit_cast<Words>(bytes);
    const auto b = std::bit_cast<Words>(other.bytes);
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
  }
};
static_assert(sizeof(IpAddress) == 16 && alignof(IpAddress) == 1);

// A range of addresses given as a prefix: "192.0.2.0/24", "2001:db8::/32", "10/8" (missing bytes are zero), or one
// address.
struct IpPrefix {
  IpAddress first;
  IpAddress last;
  static std::optional<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& address) const { return first <= address && address <= last; }
};

struct IpAddressHash {
  using is_avalanching = void;
  size_t operator()(const IpAddress& address) const {
    const auto words = std::bit_cast<std::array<uint64_t, 2>>(address.bytes);
    return keyed_hash(words[0], words[1]);
  }
};

// aa:bb:cc:dd:ee:ff of the low 48 bits.
std::string mac_to_string(uint64_t mac);

}  // namespace weir
