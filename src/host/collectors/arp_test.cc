#include "host/collectors/arp.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

ndmsg header(uint8_t family, uint16_t state) {
  ndmsg message{};
  message.ndm_family = family;
  message.ndm_ifindex = 4;
  message.ndm_state = state;
  return message;
}

TEST(Arp, WhatIsCounted) {
  const auto parsed = parse_neighbour(test::Bytes().put(header(AF_INET, NUD_STALE)).view());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->link_index, 4U);
  EXPECT_EQ(neighbour_state_text(parsed->state), "stale");
  EXPECT_EQ(neighbour_state_text(0x7777), "");
  EXPECT_TRUE(parse_neighbour(test::Bytes().put(header(AF_INET, NUD_FAILED)).view()));
  EXPECT_FALSE(parse_neighbour(test::Bytes().put(header(AF_INET6, NUD_STALE)).view()));
  EXPECT_FALSE(parse_neighbour(test::Bytes().put(header(AF_INET, NUD_NOARP)).view()));
  EXPECT_FALSE(parse_neighbour(test::Bytes().put(uint32_t{AF_INET}).view()));
}

}  // namespace
}  // namespace weir::host
