#include "host/collectors/processes.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Processes, Stat) {
  const auto stat = parse_task_stat(
      "26231 (vim) R) D 5392 7446 5392 34835 7446 4218880 32533 309516 26 82 1677 44 158 99 20 0 7 0 82375 56274944 "
      "1981\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'D');
  EXPECT_EQ(stat->threads, 7U);
  for (const char* damaged :
       {"", "1", "1 (a", "1 (a)", "1 (a) ", "1 (a) S 1 2 3", "1 (a) SS 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1",
        "1 (a) \xff 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 x"})
    EXPECT_FALSE(parse_task_stat(damaged)) << damaged;
}

}  // namespace
}  // namespace weir::host
