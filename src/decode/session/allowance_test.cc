#include "decode/session/allowance.h"

#include <gtest/gtest.h>

namespace weir::decode {
namespace {

Timestamp at(int64_t ms) { return timestamp_from_us(1'700'000'000'000'000 + ms * 1000); }

TEST(Allowance, IsABurstAndThenARate) {
  Allowance<10, 5> allowance;
  const auto spend = [&](int64_t ms, int times) {
    int granted = 0;
    for (int i = 0; i < times; ++i) granted += allowance.spend(at(ms)) ? 1 : 0;
    return granted;
  };
  EXPECT_EQ(spend(0, 100), 10);
  EXPECT_EQ(spend(100, 100), 0);
  EXPECT_EQ(spend(1000, 100), 5);
  EXPECT_EQ(spend(1400, 100), 2);
  EXPECT_EQ(spend(900, 100), 0) << "the clock was set back";
  EXPECT_EQ(spend(60'000, 100), 10) << "never more than the burst";
}

TEST(Allowance, SmallStepsAddUp) {
  Allowance<10, 5> allowance;
  int granted = 0;
  for (int64_t ms = 0; ms < 10'000; ++ms) granted += allowance.spend(at(ms)) ? 1 : 0;
  EXPECT_GE(granted, 50);
  EXPECT_LE(granted, 60);
}

}  // namespace
}  // namespace weir::decode
