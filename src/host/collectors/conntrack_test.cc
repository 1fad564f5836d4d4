#include "host/collectors/conntrack.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Conntrack, ColumnsByTheirName) {
  const auto sums = parse_conntrack_stat(
      "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  "
      "expect_new expect_create expect_delete search_restart\n"
      "00000021  00000001 00000002 0 00000003 00000004 0 00000005 00000006 00000007 00000008 00000009 0000000a  0 0 0 "
      "0000000b\n"
      "00000021  00000001 ffffffff 0 00000010 00000000 0 00000000 00000000 00000000 00000000 00000000 00000000  0 0 0 "
      "00000000\n");
  ASSERT_TRUE(sums);
  EXPECT_EQ(sums->clash_resolve, 2U);
  EXPECT_EQ(sums->found, 0x100000001U);
  EXPECT_EQ(sums->invalid, 0x13U);
  EXPECT_EQ(sums->ignore, 4U);
  EXPECT_EQ(sums->chain_too_long, 5U);
  EXPECT_EQ(sums->insert, 6U);
  EXPECT_EQ(sums->insert_failed, 7U);
  EXPECT_EQ(sums->drop, 8U);
  EXPECT_EQ(sums->early_drop, 9U);
  EXPECT_EQ(sums->icmp_error, 10U);
  EXPECT_EQ(sums->search_restart, 11U);
}

TEST(Conntrack, KernelsWithOtherColumns) {
  const auto sums = parse_conntrack_stat("entries searched found\n1 2 3\n");
  ASSERT_TRUE(sums);
  EXPECT_EQ(sums->found, 3U);
  EXPECT_EQ(sums->drop, 0U);
}

TEST(Conntrack, Damaged) {
  for (const std::string& damaged :
       {std::string(), std::string("\n"), std::string("entries found\n"), std::string("entries found\n1\n"),
        std::string("entries found\n1 x\n"), std::string("entries found\n1 10000000000000000\n"),
        std::string("entries found\n1 2\n\n"), std::string("a ").append(200, 'b') + std::string(200, ' ')})
    EXPECT_FALSE(parse_conntrack_stat(damaged)) << damaged;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "c ";
  EXPECT_FALSE(parse_conntrack_stat(many + "\n" + many));
}

}  // namespace
}  // namespace weir::host
