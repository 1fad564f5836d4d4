#include "base/log_limit.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(LogLimit, OneLineInAnInterval) {
  LogLimit limit;
  const LogLimit::Clock::time_point start{};  // long before the clock's own now
  EXPECT_EQ(limit.allows(start, 10s), 0U);
  EXPECT_FALSE(limit.allows(start + 1s, 10s));
  EXPECT_FALSE(limit.allows(start + 9999ms, 10s));
  EXPECT_EQ(limit.allows(start + 10s, 10s), 2U);
  EXPECT_FALSE(limit.allows(start + 19s, 10s));
  EXPECT_EQ(limit.allows(start + 60s, 10s), 1U);
  EXPECT_EQ(limit.allows(start + 70s, 10s), 0U);
}

}  // namespace
}  // namespace weir
