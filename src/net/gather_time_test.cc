#include "net/gather_time.h"

#include <gtest/gtest.h>

namespace weir::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kMiB = size_t{1} << 20;

TEST(GatherTime, WhoIsQuietIsServedAtOnce) {
  GatherTime time(4 * kMiB);
  for (size_t datagrams = 0; datagrams < GatherTime::kWorthIt; ++datagrams) EXPECT_EQ(time.next(datagrams).count(), 0);
}

TEST(GatherTime, GrowsWhileDatagramsComeAndEndsWithThem) {
  GatherTime time(4 * kMiB);
  milliseconds sum{0};
  milliseconds last{0};
  for (int i = 0; i < 10; ++i) {
    const milliseconds now = time.next(100);
    EXPECT_GE(now, std::max(last, GatherTime::kShortest));
    EXPECT_LE(now, std::max(2 * last, GatherTime::kShortest));
    sum += last = now;
  }
  EXPECT_EQ(last, GatherTime::kLongest);
  EXPECT_EQ(time.next(1).count(), 0);
  EXPECT_EQ(time.next(100), GatherTime::kShortest);
}

// What a burst of the highest rate would bring in a slice fits into what is free, with a quarter of that to spare.
TEST(GatherTime, NoBurstFillsABufferInASlice) {
  for (const size_t granted : {1 * kMiB, 2 * kMiB, 4 * kMiB, 32 * kMiB, 1024 * kMiB}) {
    const GatherTime time(granted);
    for (size_t waiting = 0; waiting < 2 * granted; waiting += granted / 16) {
      const microseconds slice = time.slice(waiting);
      if (waiting >= granted / 2) {
        EXPECT_EQ(slice.count(), 0) << "a quarter of the buffer is taken";
        continue;
      }
      const double comes = std::chrono::duration<double>(slice).count() * static_cast<double>(time.kHighestBurst);
      EXPECT_LE(static_cast<double>(waiting) + comes, 2.0 * static_cast<double>(granted) * 0.82) << granted;
    }
  }
  // As the default of many systems: nothing may wait there.
  EXPECT_EQ(GatherTime(212'992).slice(0).count(), 0);
  // Where root asked for what we ask for by default, one slice is all.
  EXPECT_GE(GatherTime(32 * kMiB).slice(0), GatherTime::kLongest);
  EXPECT_GE(GatherTime(4 * kMiB).slice(0), milliseconds{5});
}

}  // namespace
}  // namespace weir::net
