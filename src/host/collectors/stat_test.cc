#include "host/collectors/stat.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Stat, Text) {
  const Stat stat = parse_stat(
      "cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 8885917 17 0 0\nctxt 38014093\nbtime 1418183276\nprocesses 26442\n"
      "procs_running 2\nprocs_blocked 1\nsoftirq 55 1 2 3 4 5 6 7 8 9 10\n");
  EXPECT_EQ(stat.interrupts, 8885917U);
  EXPECT_EQ(stat.context_switches, 38014093U);
  EXPECT_EQ(stat.boot_time, 1418183276U);
  EXPECT_EQ(stat.forks, 26442U);
  EXPECT_EQ(stat.running, 2U);
  EXPECT_EQ(stat.blocked, 1U);
  ASSERT_TRUE(stat.softirqs);
  EXPECT_EQ((*stat.softirqs)[9], 10U);
}

TEST(Stat, DamagedLinesAreLeftOut) {
  const Stat stat =
      parse_stat("intr\nctxt x\nbtime -1\nprocesses 99999999999999999999\n\n \nsoftirq 1 2 3\nprocs_blocked 3");
  EXPECT_FALSE(stat.interrupts || stat.context_switches || stat.boot_time || stat.forks || stat.softirqs);
  EXPECT_EQ(stat.blocked, 3U);
}

}  // namespace
}  // namespace weir::host
