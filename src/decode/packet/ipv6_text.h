// IPv6 addresses as text without memory of their own.
#pragma once

#include <span>
#include <string_view>

#include "base/ip_address.h"

namespace weir::decode::packet {

inline constexpr size_t kMaxIpv6Text =
    45;  // eight groups of four with their colons, or with an IPv4 address at the end

// The text by RFC 5952, as IpAddress::to_string() gives it, but several times as fast. `out` has room for kMaxIpv6Text;
// returns the part of it that was written.
std::string_view ipv6_text(const IpAddress& address, std::span<char> out);

}  // namespace weir::decode::packet
