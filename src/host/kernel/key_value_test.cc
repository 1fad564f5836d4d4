#include "host/kernel/key_value.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(KeyValue, Numbers) {
  constexpr std::string_view kText = "usage_usec 1000\nuser_usec 600\nsystem_usec x\nnr_periods";
  EXPECT_EQ(keyed_value(kText, "usage_usec"), 1000U);
  EXPECT_EQ(keyed_value(kText, "user_usec"), 600U);
  for (const char* key : {"system_usec", "nr_periods", "usage", "none"}) EXPECT_FALSE(keyed_value(kText, key)) << key;
}

TEST(KeyValue, NumbersForPeople) {
  EXPECT_EQ(parse_human("0"), 0.0);
  EXPECT_EQ(parse_human(" 1.5k\n"), 1536.0);
  EXPECT_EQ(parse_human("2M/sec"), 2097152.0);
  EXPECT_EQ(parse_human("-1G"), -1073741824.0);
  EXPECT_EQ(parse_human("1E"), 1152921504606846976.0);
  for (const char* other : {"", "k", "x", "1X", "1 k k", "/sec", "1.5.5"}) EXPECT_FALSE(parse_human(other)) << other;
}

TEST(KeyValue, KeysWithColons) {
  constexpr std::string_view kText = "rate:\t\t1.1M/sec\ndirty:\t\t20.4G\n  target: x\nratex: 5\n";
  EXPECT_EQ(human_value(kText, "ratex"), 5.0);
  EXPECT_EQ(human_value(kText, "rate"), 1.1 * 1024 * 1024);
  EXPECT_FALSE(human_value(kText, "target"));
  EXPECT_FALSE(human_value(kText, "none"));
}

}  // namespace
}  // namespace weir::host
