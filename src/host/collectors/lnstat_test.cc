#include "host/collectors/lnstat.h"

#include <gtest/gtest.h>

#include <map>

namespace weir::host {
namespace {

TEST(Lnstat, Columns) {
  std::map<std::pair<size_t, std::string>, uint64_t> values;
  const auto use = [&](size_t cpu, std::string_view name, uint64_t value) { values[{cpu, std::string(name)}] = value; };
  EXPECT_TRUE(each_lnstat("entries  allocs\n00000014 0000001a \n00000014 ffffffff\n", use));
  EXPECT_EQ(values.size(), 4U);
  EXPECT_EQ((values[{0, "allocs"}]), 26U);
  EXPECT_EQ((values[{1, "allocs"}]), 0xFFFFFFFFU);
  for (const char* damaged :
       {"", "\n", "a b\n1\n", "a b\n1 x\n", "a\" b\n1 2\n", "a a\n1 2\n", "a\n11111111111111111\n"})
    EXPECT_FALSE(each_lnstat(damaged, use)) << damaged;
}

}  // namespace
}  // namespace weir::host
