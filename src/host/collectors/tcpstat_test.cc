#include "host/collectors/tcpstat.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>

#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

TEST(Tcpstat, Sums) {
  inet_diag_msg socket{};
  socket.idiag_state = 10;
  socket.idiag_rqueue = 3;
  socket.idiag_wqueue = 4096;
  TcpSums sums;
  EXPECT_TRUE(add_socket(test::Bytes().put(socket).attribute(1, uint32_t{0}).view(), sums));
  socket.idiag_state = 200;
  EXPECT_TRUE(add_socket(test::Bytes().put(socket).view(), sums));
  EXPECT_EQ(sums.by_state[10], 1U);
  EXPECT_EQ(sums.by_state[0], 1U);
  EXPECT_EQ(sums.receive_queues, 6U);
  EXPECT_EQ(sums.transmit_queues, 8192U);
  EXPECT_FALSE(add_socket(test::Bytes().put(socket).view().first(60), sums));
}

}  // namespace
}  // namespace weir::host
