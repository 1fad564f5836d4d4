#include "decode/packet/ipv6_text.h"

#include <gtest/gtest.h>

#include <array>

namespace weir::decode::packet {
namespace {

std::string text_of(const IpAddress& address) {
  std::array<char, kMaxIpv6Text> room;
  return std::string(ipv6_text(address, room));
}

TEST(Ipv6Text, IsWhatEverythingElseWrites) {
  for (const std::string_view text :
       {"::", "::1", "2001:db8::", "2001:db8::1", "2001:db8:0:1::", "2001:0:0:1::1", "2001:db8:0:1:1:1:1:1", "1::8",
        "1:2:3:4:5:6:7:8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0:0:0:1::1", "1:0:0:2::", "::192.0.2.1",
        "192.0.2.1", "0:1::", "1:0:2::3:0:0", "fe80::a00:27ff:fe4e:66a1"}) {
    const IpAddress address = *IpAddress::parse(text);
    EXPECT_EQ(text_of(address), address.to_string()) << text;
  }
}

// Every pattern of zero groups.
TEST(Ipv6Text, PutsTheColonsWhereTheyBelong) {
  for (uint32_t pattern = 0; pattern < 256; ++pattern) {
    IpAddress address;
    for (size_t i = 0; i < 8; ++i) address.bytes[2 * i + 1] = static_cast<uint8_t>((pattern >> i & 1) * (i + 1));
    EXPECT_EQ(text_of(address), address.to_string());
  }
}

}  // namespace
}  // namespace weir::decode::packet
