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

TEST(MessageLimit, OneThatStaysIsWrittenOnce) {
  MessageLimit limit;
  const MessageLimit::Clock::time_point start{};
  EXPECT_EQ(limit.allows("full", start), 0U);
  for (int i = 1; i < 1000; ++i) EXPECT_FALSE(limit.allows("full", start + i * 1min));
  limit.forget();
  EXPECT_EQ(limit.allows("full", start + 1000min), 0U);
}

// Two that alternate, and a thousand that all differ.
TEST(MessageLimit, ChangingMessagesAreFewInAll) {
  for (const int kinds : {2, 1000}) {
    MessageLimit limit;
    const MessageLimit::Clock::time_point start{};
    size_t lines = 0;
    uint64_t left_out = 0;
    for (int i = 0; i < 3000; ++i) {
      const auto before = limit.allows(std::to_string(i % kinds), start + i * 100ms);
      lines += before.has_value();
      left_out += before.value_or(0);
    }
    EXPECT_EQ(lines, MessageLimit::kLines * 5) << kinds;  // five minutes
    EXPECT_GT(left_out, 1000U) << kinds;
  }
}

TEST(MessageLimit, ForgettingDoesNotOutrunIt) {
  MessageLimit limit;
  const MessageLimit::Clock::time_point start{};
  size_t lines = 0;
  for (int i = 0; i < 100; ++i) {
    lines += limit.allows("flaps", start).has_value();
    limit.forget();
  }
  EXPECT_EQ(lines, MessageLimit::kLines);
}

}  // namespace
}  // namespace weir
