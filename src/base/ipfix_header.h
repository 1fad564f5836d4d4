// The headers of an IPFIX message and of its sets (RFC 7011 sections 3.1 and 3.3.2), for who decodes messages and for
// who only finds where they end.
#pragma once

#include <cstdint>

#include "base/big_endian.h"

namespace weir {

inline constexpr uint16_t kIpfixVersion = 10;

struct IpfixHeader {
  Be16 version;
  Be16 length;  // of the whole message, with this header
  Be32 export_seconds;
  Be32 sequence;
  Be32 domain;
};
static_assert(sizeof(IpfixHeader) == 16);

// NetFlow v9 has the same (RFC 3954 section 5).
struct SetHeader {
  Be16 id;
  Be16 length;  // with this header
};
static_assert(sizeof(SetHeader) == 4);

inline constexpr size_t kIpfixHeaderBytes = sizeof(IpfixHeader);
inline constexpr size_t kMaxIpfixMessageBytes = 65535;  // the length is a number of 16 bits

}  // namespace weir
