#include "host/collectors/softnet.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Softnet, Lines) {
  const auto recent = parse_softnet_line(
      "00015c73 00020e76 F0000769 00000000 00000000 00000000 00000000 00000000 00000001 00000002 00000003 00000004 "
      "00000010 00000000");
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->processed, 0x15c73U);
  EXPECT_EQ(recent->dropped, 0x20e76U);
  EXPECT_EQ(recent->times_squeezed, 0xf0000769U);
  EXPECT_EQ(recent->cpu_collision, 1U);
  EXPECT_EQ(recent->received_rps, 2U);
  EXPECT_EQ(recent->flow_limit_count, 3U);
  EXPECT_EQ(recent->backlog_len, 4U);
  EXPECT_EQ(recent->cpu, 16U);
  const auto old = parse_softnet_line("1 2 3 0 0 0 0 0 5");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->cpu_collision, 5U);
  EXPECT_FALSE(old->cpu);
  for (const char* damaged : {"", "1 2 3", "1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8 x", "100000000 2 3 4 5 6 7 8 9"})
    EXPECT_FALSE(parse_softnet_line(damaged)) << damaged;
}

}  // namespace
}  // namespace weir::host
