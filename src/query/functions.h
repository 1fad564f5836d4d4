// The address functions of macros.h in C++, for our own engine: the same results, a hundred times as fast.
#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"
#include "duck/duck.h"

namespace weir::query {

// What a query says that fails because a text is not an address.
inline constexpr std::string_view kNotAnAddress = "not an address: ";

// An address as a UUID is written: "00000000-0000-0000-0000-ffffc0000201".
std::string uuid_text(const IpAddress& address);

// Adds ip, ip_text, uuid_text, net_first, net_last, weir_network(address, v4_bits, v6_bits), weir_network_text and
// weir_in_ranges(address, blob of ranges). Text becomes an address where it is compared with one, and an address that
// is used as text is as people write it.
Result<> add_address_functions(duck::Connection& connection);

}  // namespace weir::query
