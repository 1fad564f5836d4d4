#include "host/collectors/network_route.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "host/kernel/generic_netlink.h"
#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

using test::Bytes;

rtmsg header(uint8_t family, uint8_t length) {
  rtmsg message{};
  message.rtm_family = family;
  message.rtm_dst_len = length;
  message.rtm_protocol = RTPROT_STATIC;
  message.rtm_type = RTN_UNICAST;
  return message;
}

constexpr std::array<uint8_t, 4> kNet{192, 0, 2, 0};
constexpr std::array<uint8_t, 4> kGateway{192, 0, 2, 1};

TEST(NetworkRoute, OneWay) {
  std::vector<RouteHop> hops;
  parse_route(Bytes()
                  .put(header(AF_INET, 24))
                  .attribute(RTA_DST, kNet)
                  .attribute(RTA_GATEWAY, kGateway)
                  .attribute(RTA_OIF, uint32_t{4})
                  .attribute(RTA_PRIORITY, uint32_t{100})
                  .view(),
              hops);
  ASSERT_EQ(hops.size(), 1U);
  EXPECT_EQ(hops[0].destination, "192.0.2.0/24");
  EXPECT_EQ(hops[0].gateway, "192.0.2.1");
  EXPECT_EQ(hops[0].link_index, 4U);
  EXPECT_EQ(hops[0].priority, 100U);
  EXPECT_EQ(hops[0].weight, 0U);
  EXPECT_EQ(route_protocol_text(hops[0].protocol), "static");
  EXPECT_EQ(route_protocol_text(250), "unknown");
}

TEST(NetworkRoute, SeveralWays) {
  Bytes ways;
  for (const int index : {3, 5})
    ways.put(
            rtnexthop{.rtnh_len = 16, .rtnh_flags = 0, .rtnh_hops = static_cast<uint8_t>(index), .rtnh_ifindex = index})
        .attribute(RTA_GATEWAY, kGateway);
  const Bytes bytes = Bytes().put(header(AF_INET, 0)).nest(RTA_MULTIPATH, ways);
  std::vector<RouteHop> hops;
  parse_route(bytes.view(), hops);
  ASSERT_EQ(hops.size(), 2U);
  EXPECT_EQ(hops[0].destination, "default");
  EXPECT_EQ(hops[1].link_index, 5U);
  EXPECT_EQ(hops[1].weight, 6U);
  EXPECT_EQ(hops[1].gateway, "192.0.2.1");
  test::damage(bytes.view(), [](ByteView damaged) {
    std::vector<RouteHop> any;
    parse_route(damaged, any);
    EXPECT_LE(any.size(), 4U);
  });
}

TEST(NetworkRoute, OthersAreLeftOut) {
  std::vector<RouteHop> hops;
  rtmsg local = header(AF_INET, 0);
  local.rtm_type = RTN_LOCAL;
  parse_route(Bytes().put(local).view(), hops);
  parse_route(Bytes().put(header(AF_BRIDGE, 0)).view(), hops);
  parse_route({}, hops);
  EXPECT_TRUE(hops.empty());
}

TEST(GenericNetlink, Families) {
  EXPECT_EQ(netlink::parse_family(Bytes().put(genlmsghdr{}).attribute(CTRL_ATTR_FAMILY_ID, uint16_t{27}).view()), 27);
  EXPECT_FALSE(netlink::parse_family(Bytes().put(genlmsghdr{}).view()));
  netlink::GenericSocket socket("no such family");
  EXPECT_FALSE(socket.there());
  EXPECT_FALSE(socket.there());
}

}  // namespace
}  // namespace weir::host
