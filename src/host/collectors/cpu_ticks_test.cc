#include "host/collectors/cpu_ticks.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(CpuTicks, Line) {
  const auto parsed = parse_cpu_ticks("cpu12 1 2 3 4 5 6 7 8 9 10");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->cpu, 12U);
  EXPECT_EQ(parsed->ticks, (std::array<uint64_t, 10>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(parse_cpu_ticks("cpu0 1 2 3 4")->ticks[4], 0U);
  EXPECT_EQ(parse_cpu_ticks("cpu0 1 2 3 4 5 6 7 8 9 10 11 12")->ticks[9], 10U);
  for (const char* damaged :
       {"", "cpu", "cpu  1 2 3 4 5 6 7 8 9 10", "cpu0", "cpu0 1 2 3", "cpu0 1 2 x 4", "cpu0 1 2 3 4 -5", "cpux 1 2 3 4",
        "cpu65536 1 2 3 4", "cpu0 1 2 3 99999999999999999999", "intr 1 2 3 4"})
    EXPECT_FALSE(parse_cpu_ticks(damaged)) << damaged;
}

TEST(CpuTicks, NothingGoesBack) {
  SteadyTicks ticks;
  ticks.update("cpu  9 9 9 9\ncpu0 10 0 0 1000 50\ncpu2 7 0 0 5 5\nintr 5\ncpu3 1 1 1 1\n");
  const auto& held = ticks.update("cpu  9 9 9 9\ncpu0 11 0 0 999 49\ncpu2 8 0 0 6 6\nintr 5\n");
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held[0].ticks[0], 11U);
  EXPECT_EQ(held[0].ticks[kIdleField], 1000U);
  EXPECT_EQ(held[0].ticks[4], 50U);
  EXPECT_EQ(held[1].ticks[4], 6U);
}

TEST(CpuTicks, OfflineAndBack) {
  SteadyTicks ticks;
  ticks.update("cpu0 1 0 0 1000\ncpu1 500 0 0 1000\ncpu2 5 0 0 10\n");
  ASSERT_EQ(ticks.update("cpu0 1 0 0 1000\ncpu2 4 0 0 9\n").size(), 2U);
  EXPECT_EQ(ticks.update("cpu0 1 0 0 1000\ncpu2 4 0 0 9\n")[1].ticks[0], 5U);
  const auto& held = ticks.update("cpu0 0 0 0 700\ncpu1 1 0 0 2\ncpu2 6 0 0 11\n");
  EXPECT_EQ(held[0].ticks[kIdleField], 700U);
  EXPECT_EQ(held[0].ticks[0], 0U);
  EXPECT_EQ(held[1].ticks[0], 1U);
  EXPECT_TRUE(ticks.update("").empty());
}

TEST(CpuTicks, List) {
  EXPECT_EQ(parse_cpu_list("0-2,8\n"), (std::vector<uint32_t>{0, 1, 2, 8}));
  EXPECT_TRUE(parse_cpu_list("\n").empty());
  EXPECT_EQ(parse_cpu_list("x,3-1,5,-2,7-x,4294967296"), (std::vector<uint32_t>{5}));
  EXPECT_TRUE(parse_cpu_list("0-4294967295").empty());
}

}  // namespace
}  // namespace weir::host
