#include "host/collectors/ethtool.h"

#include <gtest/gtest.h>

#include <set>

#include "host/kernel/ethtool_socket.h"

namespace weir::host {
namespace {

TEST(Ethtool, FamilyNames) {
  EXPECT_EQ(ethtool_family_name("rx_queue_0_xdp_tx"), "node_ethtool_received_queue_0_xdp_transmitted");
  EXPECT_EQ(ethtool_family_name("tx"), "node_ethtool_transmitted");
  EXPECT_EQ(ethtool_family_name("rx0_drops"), "node_ethtool_rx0_drops");
  EXPECT_EQ(ethtool_family_name("port.rx_dropped"), "node_ethtool_port_received_dropped");
  EXPECT_EQ(ethtool_family_name("[3]: tx bytes"), "node_ethtool_3_transmitted_bytes");
  EXPECT_EQ(ethtool_family_name("TxOK__x"), "node_ethtool_txok__x");
  EXPECT_EQ(ethtool_family_name("rx_rx_a"), "node_ethtool_received_rx_a");
  EXPECT_EQ(ethtool_family_name("\xFF\"\n"), "node_ethtool_");
  EXPECT_EQ(ethtool_family_name("crx_tx2"), "node_ethtool_crx_tx2");
}

TEST(Ethtool, Strings) {
  std::vector<uint8_t> texts(70, 'x');
  texts[3] = 0;
  const auto names = parse_ethtool_strings(texts);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0], "xxx");
  EXPECT_EQ(names[1], std::string(32, 'x'));
  EXPECT_TRUE(parse_ethtool_strings({}).empty());
}

TEST(Ethtool, LinkModes) {
  EthtoolLink link;
  link.supported[1] = 1U << 15;  // bit 47
  EXPECT_TRUE(EthtoolLink::has(link.supported, 47));
  EXPECT_FALSE(EthtoolLink::has(link.supported, 15));
  EXPECT_FALSE(EthtoolLink::has(link.supported, 500));
  std::set<std::pair<bool, std::string_view>> modes;
  for (const EthtoolSpeed& speed : ethtool_speeds()) {
    EXPECT_TRUE(speed.mode.starts_with(std::to_string(speed.megabits))) << speed.mode;
    EXPECT_TRUE(modes.emplace(speed.full_duplex, speed.mode).second) << "one series for each: " << speed.mode;
  }
}

TEST(Ethtool, NamesThatNoLinkHas) {
  EthtoolSocket socket;
  if (const auto opened = socket.open(); !opened) GTEST_SKIP() << opened.error().message;
  EXPECT_FALSE(socket.driver("no such link here"));
  EXPECT_FALSE(socket.link(std::string(100, 'x')));
  EXPECT_FALSE(socket.statistic_names(""));
  std::vector<uint64_t> values;
  EXPECT_FALSE(socket.statistics("none", 3, values));
}

}  // namespace
}  // namespace weir::host
