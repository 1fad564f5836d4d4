#include "host/collectors/udp_queues.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/collectors/options.h"

namespace weir::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops\n";

TEST(UdpQueues, Sums) {
  const auto queues = parse_socket_queues(
      std::string(kHeader) +
      "  345: 00000000:0044 00000000:0000 07 00000001:00000010 00:00000000 00000000     0        0 8000 2 0 0\n"
      "  346: 0100007F:0035 00000000:0000 07 00000002:FFFFFFFF 00:00000000 00000000     0        0 8001 2 0 7\n");
  ASSERT_TRUE(queues);
  EXPECT_EQ(queues->transmit, 3U);
  EXPECT_EQ(queues->receive, 0x10000000FU);
  EXPECT_EQ(parse_socket_queues(kHeader)->receive, 0U);
}

TEST(UdpQueues, Damaged) {
  for (const char* damaged : {"1: a b 07\n", "1: a b 07 00000001\n", "1: a b 07 x:1\n", "1: a b 07 1:\n", "\n",
                              "1: a b 07 10000000000000000:1\n"})
    EXPECT_FALSE(parse_socket_queues(std::string(kHeader) + damaged)) << damaged;
  EXPECT_FALSE(parse_socket_queues(""));
}

TEST(UdpQueues, SocketsInUse) {
  constexpr const char* kFour = "sockets: used 17\nTCP: inuse 4 orphan 0 tw 0 alloc 10 mem 1\nUDP: inuse 3 mem 2\n";
  EXPECT_EQ(sockets_in_use(kFour, "UDP"), 3U);
  EXPECT_EQ(sockets_in_use("UDP: inuse 0 mem 2\nUDPLITE: inuse 5\n", "UDP"), 0U);
  EXPECT_EQ(sockets_in_use("TCP6: inuse 1\nUDP6: inuse 2\n", "UDP6"), 2U);
  for (const char* damaged : {"", "UDP", "UDP:", "UDP: inuse", "UDP: inuse x", "UDP: mem 2", "UDP inuse 3"})
    EXPECT_FALSE(sockets_in_use(damaged, "UDP")) << damaged;
}

class UdpQueuesTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(net_); }
  void TearDown() override { fs::remove_all(tree_); }
  void write(const char* name, const std::string& text) const { std::ofstream(net_ / name) << text; }
  // One scrape of a program that has just started.
  std::string scrape() const {
    Options options;
    options.procfs = tree_;
    telemetry::Exposition out;
    const auto result = (*make_udp_queues(options))->collect(out);
    EXPECT_TRUE(result || is_no_data(result.error())) << result.error().message;
    return std::string(out.text().substr(std::min(out.text().find("node_udp_queues{"), out.text().size())));
  }

  const fs::path tree_ = fs::path(testing::TempDir()) / ("weir_udp_queues_" + std::to_string(::getpid()));
  const fs::path net_ = tree_ / "net";
  const std::string socket_ = std::string(kHeader) + "1: 0:1 0:0 07 00000001:00000002 0\n";
};

TEST_F(UdpQueuesTest, IsNothingWithoutAnyIp) { EXPECT_EQ(scrape(), ""); }

TEST_F(UdpQueuesTest, WhatCannotBeCountedIsLookedAt) {
  write("udp", socket_);
  EXPECT_EQ(scrape(), "node_udp_queues{queue=\"tx\",ip=\"v4\"} 1\nnode_udp_queues{queue=\"rx\",ip=\"v4\"} 2\n");
}

TEST_F(UdpQueuesTest, WhereNoSocketIsNothingWaits) {
  write("udp", socket_);
  write("udp6", socket_);
  write("sockstat", "UDP: inuse 1 mem 2\n");
  write("sockstat6", "UDP6: inuse 0\n");
  EXPECT_EQ(scrape(),
            "node_udp_queues{queue=\"tx\",ip=\"v4\"} 1\nnode_udp_queues{queue=\"rx\",ip=\"v4\"} 2\n"
            "node_udp_queues{queue=\"tx\",ip=\"v6\"} 0\nnode_udp_queues{queue=\"rx\",ip=\"v6\"} 0\n");
}

}  // namespace
}  // namespace weir::host
