#include "host/udp_queues.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

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

}  // namespace
}  // namespace weir::host
