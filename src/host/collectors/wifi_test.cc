#include "host/collectors/wifi.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

using test::Bytes;

TEST(Wifi, Interface) {
  const auto interface = parse_wifi_interface(Bytes()
                                                  .put(genlmsghdr{})
                                                  .attribute(NL80211_ATTR_IFINDEX, uint32_t{3})
                                                  .text(NL80211_ATTR_IFNAME, "wlan0")
                                                  .attribute(NL80211_ATTR_WIPHY_FREQ, uint32_t{2412})
                                                  .view());
  ASSERT_TRUE(interface);
  EXPECT_EQ(interface->name, "wlan0");
  EXPECT_EQ(interface->frequency_megahertz, 2412U);
  EXPECT_FALSE(parse_wifi_interface(Bytes().put(genlmsghdr{}).attribute(NL80211_ATTR_IFINDEX, uint32_t{3}).view()));
}

TEST(Wifi, Network) {
  const auto network = [](uint32_t status, std::string_view elements) {
    return Bytes()
        .put(genlmsghdr{})
        .nest(NL80211_ATTR_BSS, Bytes()
                                    .string(NL80211_BSS_BSSID, "\x01\x02\x03\x04\x05\x06")
                                    .string(NL80211_BSS_INFORMATION_ELEMENTS, elements)
                                    .attribute(NL80211_BSS_STATUS, status));
  };
  const std::string elements("\x01\x01\x02\x00\x04\xFFx\"y", 9);
  const Bytes bytes = network(NL80211_BSS_STATUS_ASSOCIATED, elements);
  const auto parsed = parse_wifi_network(bytes.view());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->bssid, "01:02:03:04:05:06");
  EXPECT_EQ(parsed->ssid, "\xFFx\"y");
  EXPECT_EQ(parsed->mode, "client");
  EXPECT_EQ(parse_wifi_network(network(NL80211_BSS_STATUS_IBSS_JOINED, "").view())->mode, "ad-hoc");
  EXPECT_EQ(parse_wifi_network(network(1, std::string("\x00\x20xx", 4)).view())->ssid, "") << "longer than there is";
  test::damage(bytes.view(), [](ByteView damaged) { (void)parse_wifi_network(damaged); });
}

TEST(Wifi, Station) {
  const Bytes info =
      Bytes()
          .attribute(NL80211_STA_INFO_CONNECTED_TIME, uint32_t{30})
          .attribute(NL80211_STA_INFO_RX_BYTES, uint32_t{5})
          .attribute(NL80211_STA_INFO_RX_BYTES64, uint64_t{1} << 40)
          .attribute(NL80211_STA_INFO_TX_BYTES, uint32_t{7})
          .attribute(NL80211_STA_INFO_SIGNAL, static_cast<int8_t>(-52))
          .nest(NL80211_STA_INFO_TX_BITRATE, Bytes().attribute(NL80211_RATE_INFO_BITRATE32, uint32_t{8667}));
  const Bytes bytes =
      Bytes().put(genlmsghdr{}).string(NL80211_ATTR_MAC, "\x01\x02\x03\x04\x05\x06").nest(NL80211_ATTR_STA_INFO, info);
  const auto station = parse_wifi_station(bytes.view());
  ASSERT_TRUE(station);
  EXPECT_EQ(station->address, "01:02:03:04:05:06");
  EXPECT_EQ(station->connected_seconds, 30U);
  EXPECT_EQ(station->receive_bytes, uint64_t{1} << 40);
  EXPECT_EQ(station->transmit_bytes, 7U);
  EXPECT_EQ(station->signal_dbm, -52);
  EXPECT_EQ(station->transmit_bits_per_second, 866'700'000U);
  EXPECT_EQ(station->receive_bits_per_second, 0U);
  test::damage(bytes.view(), [](ByteView damaged) { (void)parse_wifi_station(damaged); });
}

}  // namespace
}  // namespace weir::host
