#include "host/collectors/zfs.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Zfs, Kstats) {
  const auto stat = parse_kstat("c_max                           4    3883941888");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "c_max");
  EXPECT_EQ(stat->number(), 3883941888.0);
  EXPECT_EQ(parse_kstat("memory_available_bytes 3 -922337203685")->number(), -922337203685.0);
  EXPECT_EQ(parse_kstat("big 4 18446744073709551615")->number(), 18446744073709551615.0);
  EXPECT_EQ(parse_kstat("dataset_name 7 pool1/a b")->value, "pool1/a b");
  EXPECT_FALSE(parse_kstat("dataset_name 7 5")->number());
  EXPECT_FALSE(parse_kstat("x 4 y")->number());
  for (const char* damaged : {"", "a", "a 4", "a 4  "}) EXPECT_FALSE(parse_kstat(damaged)) << damaged;
}

}  // namespace
}  // namespace weir::host
