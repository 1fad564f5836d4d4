#include "host/collectors/netqueues.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>

#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

TEST(Netqueues, OneQueue) {
  const test::Bytes bytes = test::Bytes()
                                .put(genlmsghdr{})
                                .attribute(1, uint32_t{4})
                                .attribute(2, uint32_t{1})
                                .attribute(3, uint32_t{7})
                                .attribute(10, uint64_t{1} << 40)
                                .attribute(24, uint32_t{9})
                                .attribute(16000, uint32_t{1});
  const auto queue = parse_queue(bytes.view());
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->link_index, 4U);
  EXPECT_EQ(queue->queue, 7U);
  EXPECT_TRUE(queue->transmit);
  EXPECT_EQ(queue->counters[10], uint64_t{1} << 40);
  EXPECT_EQ(queue->counters[24], 9U);
  EXPECT_FALSE(queue->counters[33]);
  EXPECT_FALSE(parse_queue(test::Bytes().put(genlmsghdr{}).attribute(1, uint32_t{4}).view())) << "of a whole interface";
  test::damage(bytes.view(), [](ByteView damaged) { (void)parse_queue(damaged); });
}

}  // namespace
}  // namespace weir::host
