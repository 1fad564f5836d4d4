#include "host/kernel/links.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "host/collectors/netclass.h"
#include "host/collectors/netdev.h"
#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

using test::Bytes;

Bytes link_payload() {
  rtnl_link_stats64 stats{};
  stats.rx_packets = 1;
  stats.tx_bytes = uint64_t{1} << 60;
  stats.rx_nohandler = 24;
  return Bytes()
      .put(ifinfomsg{.ifi_family = 0,
                     .__ifi_pad = 0,
                     .ifi_type = 1,
                     .ifi_index = 12,
                     .ifi_flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST,
                     .ifi_change = 0})
      .text(IFLA_IFNAME, "weird\"\\\xFFname")
      .string(IFLA_ADDRESS, std::string_view("\x02\x00\xAB\xCD\xEF\x7F", 6))
      .text(IFLA_IFALIAS, "to the \"roof\"\n")
      .attribute(IFLA_MTU, uint32_t{9000})
      .attribute(IFLA_LINK, uint32_t{3})
      .attribute(IFLA_OPERSTATE, uint8_t{6})
      .attribute(IFLA_CARRIER, uint8_t{1})
      .attribute(IFLA_PROMISCUITY, uint32_t{2})
      .attribute(IFLA_CARRIER_CHANGES, uint32_t{4})
      .attribute(IFLA_STATS64, stats);
}

TEST(Links, OneMessage) {
  Link link;
  ASSERT_TRUE(parse_link(link_payload().view(), link));
  EXPECT_EQ(link.name, "weird\"\\\xFFname");
  std::string address = "of another";
  write_link_address(link.address, address);
  EXPECT_EQ(address, "02:00:ab:cd:ef:7f");
  EXPECT_EQ(link.alias, "to the \"roof\"\n");
  EXPECT_EQ(link.index, 12U);
  EXPECT_EQ(link.mtu, 9000U);
  EXPECT_EQ(link.peer, 3U);
  EXPECT_EQ(operstate_text(link.operstate), "up");
  EXPECT_TRUE(link.carrier);
  EXPECT_EQ(link.carrier_changes, 4U);
  EXPECT_FALSE(link.carrier_ups);
  EXPECT_EQ(link.counter(LinkCounter::rx_packets), 1U);
  EXPECT_EQ(link.counter(LinkCounter::tx_bytes), uint64_t{1} << 60);
  EXPECT_EQ(link.counter(LinkCounter::rx_nohandler), 24U);
  // A capture is running: netlink's flags do not say so, its count does.
  EXPECT_EQ(link.set_flags(), uint32_t{IFF_UP | IFF_BROADCAST | IFF_PROMISC});

  // Nothing of the one before is left.
  ASSERT_TRUE(parse_link(Bytes().put(ifinfomsg{}).text(IFLA_IFNAME, "b").view(), link));
  EXPECT_EQ(link.name, "b");
  EXPECT_EQ(link.alias, "");
  EXPECT_EQ(link.counter(LinkCounter::rx_packets), 0U);
  EXPECT_FALSE(link.carrier_changes);
}

TEST(Links, KernelsWithFewerCounters) {
  Link link;
  ASSERT_TRUE(parse_link(
      Bytes().put(ifinfomsg{}).text(IFLA_IFNAME, "a").attribute(IFLA_STATS64, std::array<uint64_t, 2>{5, 6}).view(),
      link));
  EXPECT_EQ(link.counter(LinkCounter::rx_packets), 5U);
  EXPECT_EQ(link.counter(LinkCounter::tx_packets), 6U);
  EXPECT_EQ(link.counter(LinkCounter::rx_bytes), 0U);
}

TEST(Links, Damaged) {
  Link link;
  EXPECT_FALSE(parse_link({}, link));
  EXPECT_FALSE(parse_link(Bytes().put(ifinfomsg{}).view(), link)) << "without a name";
  test::damage(link_payload().view(), [&](ByteView payload) {
    parse_link(payload, link);
    EXPECT_LE(link.name.size(), payload.size());
  });
}

TEST(Links, Addresses) {
  const ifaddrmsg header{.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_flags = 0, .ifa_scope = 0, .ifa_index = 2};
  const std::array<uint8_t, 4> local{192, 0, 2, 1};
  const std::array<uint8_t, 4> other{192, 0, 2, 2};
  const auto parsed =
      parse_address(Bytes().put(header).attribute(IFA_ADDRESS, other).attribute(IFA_LOCAL, local).view());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->address, "192.0.2.1");
  EXPECT_EQ(parsed->prefix_length, 24);
  EXPECT_EQ(parsed->scope, "global");

  ifaddrmsg six = header;
  six.ifa_family = AF_INET6;
  std::array<uint8_t, 16> link_local{0xFE, 0x80};
  link_local[15] = 1;
  const auto parsed6 = parse_address(Bytes().put(six).attribute(IFA_ADDRESS, link_local).view());
  ASSERT_TRUE(parsed6);
  EXPECT_EQ(parsed6->address, "fe80::1");
  EXPECT_EQ(parsed6->scope, "link-local");

  EXPECT_FALSE(parse_address(Bytes().put(six).attribute(IFA_ADDRESS, local).view())) << "an address of the other size";
  EXPECT_FALSE(parse_address(Bytes().put(header).view()));
}

std::chrono::steady_clock::time_point& test_time() {
  static std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  return now;
}

// Two users see one dump in one scrape, and each a new one in the next; what somebody has read long ago is not used.
TEST(Links, OneDumpForAllUsersOfAScrape) {
  LinkTable table([] { return test_time(); });
  uint64_t first = 0;
  uint64_t second = 0;
  if (const auto links = table.read(first); !links) GTEST_SKIP() << links.error().message;
  ASSERT_TRUE(table.read(second));
  EXPECT_EQ(first, 1U);
  EXPECT_EQ(second, 1U);
  ASSERT_TRUE(table.read(first));
  EXPECT_EQ(first, 2U);
  test_time() += std::chrono::seconds(15);
  ASSERT_TRUE(table.read(second));
  EXPECT_EQ(second, 3U);
  EXPECT_EQ(table.name_of(1), "lo");
  EXPECT_EQ(table.name_of(4'000'000'000), "");
}

}  // namespace
}  // namespace weir::host
