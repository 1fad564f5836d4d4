#include "host/collectors/schedstat.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Schedstat, Line) {
  const auto cpu = parse_schedstat_line(
      "cpu12 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->cpu, "12");
  EXPECT_EQ(cpu->running_ns, 2045936778163039U);
  EXPECT_EQ(cpu->waiting_ns, 343796328169361U);
  EXPECT_EQ(cpu->timeslices, 4767485306U);
  for (const char* other : {"", "version 15", "timestamp 15819019232", "domain0 00000000,00000003 212499247", "cpu0",
                            "cpu 0 0 0 0 0 0 1 2 3", "cpu0 0 0 0 0 0 0 1 2", "cpu0 0 0 0 0 0 0 1 2 x"})
    EXPECT_FALSE(parse_schedstat_line(other)) << other;
}

}  // namespace
}  // namespace weir::host
