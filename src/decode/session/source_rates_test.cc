#include "decode/session/source_rates.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace weir::decode {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr Timestamp kNow = timestamp_from_us(1'700'000'000'000'000);

IpAddress source(uint32_t number) { return IpAddress::from_v4(0x0a000000 + number); }

struct Rates {
  explicit Rates(size_t limit, uint64_t key = 1) : rates(key) { rates.set_limit(limit); }
  // How many of `sent` datagrams come through.
  size_t through(size_t sent, Timestamp now, uint32_t number = 1) {
    size_t count = 0;
    for (size_t i = 0; i < sent; ++i) count += rates.take(source(number), now) ? 1U : 0U;
    return count;
  }
  SourceRates rates;
};

TEST(SourceRates, OneSecondsWorthAtOnceThenTheRate) {
  for (const size_t limit : {size_t{1}, size_t{3}, size_t{100}, size_t{1'000'000}}) {
    Rates r(limit);
    EXPECT_EQ(r.through(limit + 10, kNow), limit);
    EXPECT_EQ(r.through(limit + 10, kNow + std::chrono::seconds{1}), limit);
    EXPECT_EQ(r.through(limit + 10, kNow + hours{1}), limit) << "nothing is saved up";
  }
  Rates r(100);
  EXPECT_EQ(r.through(200, kNow), 100u);
  EXPECT_EQ(r.through(200, kNow + milliseconds{9}), 0u);
  EXPECT_EQ(r.through(200, kNow + milliseconds{10}), 1u);
  EXPECT_EQ(r.through(200, kNow + milliseconds{510}), 50u);
}

TEST(SourceRates, WhoKeepsToTheRateLosesNothing) {
  Rates r(50);
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(r.through(1, kNow + milliseconds{20} * i), 1u) << i;
}

TEST(SourceRates, AClockThatIsSetKeepsNobodyOut) {
  Rates r(10);
  EXPECT_EQ(r.through(20, kNow), 10u);
  EXPECT_EQ(r.through(20, kNow - hours{24}), 10u);
  EXPECT_EQ(r.through(20, kNow + hours{24}), 10u);
  EXPECT_EQ(r.through(20, timestamp_from_us(0)), 10u);
  EXPECT_EQ(r.through(20, timestamp_from_us(-1)), 0u) << "a moment back is no new second";
}

TEST(SourceRates, TheLimitChanges) {
  Rates r(0);
  EXPECT_FALSE(r.rates.limited());
  r.rates.set_limit(10);
  EXPECT_TRUE(r.rates.limited());
  EXPECT_EQ(r.through(20, kNow), 10u);
  r.rates.set_limit(1000);
  EXPECT_EQ(r.through(20, kNow + milliseconds{1}), 1u) << "who has used it up has so still";
  r.rates.set_limit(0);
  r.rates.set_limit(10);
  EXPECT_EQ(r.through(20, kNow), 10u);
}

TEST(SourceRates, SourcesAreApartButForThoseOfOneBucket) {
  Rates r(10);
  ASSERT_NE(r.rates.bucket(source(1)), r.rates.bucket(source(2)));
  EXPECT_EQ(r.through(20, kNow, 1), 10u);
  EXPECT_EQ(r.through(20, kNow, 2), 10u);
  uint32_t other = 3;
  while (r.rates.bucket(source(other)) != r.rates.bucket(source(1))) ++other;
  EXPECT_EQ(r.through(20, kNow, other), 0u);
}

// Addresses that follow each other, of both families, fall on buckets as by chance: on 1 - 1/e of them.
TEST(SourceRates, BucketsAreChosenAsByChance) {
  for (const uint64_t key : {0U, 1U, 20261201U}) {
    const SourceRates rates(key);
    std::set<size_t> v4;
    std::set<size_t> v6;
    for (uint32_t i = 0; i < SourceRates::kBuckets; ++i) {
      v4.insert(rates.bucket(source(i)));
      IpAddress address = *IpAddress::parse("2001:db8::");
      address.bytes[6] = static_cast<uint8_t>(i >> 8);
      address.bytes[15] = static_cast<uint8_t>(i);
      v6.insert(rates.bucket(address));
    }
    constexpr double kPart = 0.632;
    EXPECT_NEAR(static_cast<double>(v4.size()) / SourceRates::kBuckets, kPart, 0.01) << key;
    EXPECT_NEAR(static_cast<double>(v6.size()) / SourceRates::kBuckets, kPart, 0.01) << key;
  }
}

// Who has found addresses that share a bucket has found nothing for another key.
TEST(SourceRates, NobodyCanChooseABucket) {
  const SourceRates one(1);
  const SourceRates other(2);
  std::set<size_t> buckets;
  size_t found = 0;
  for (uint32_t i = 0; found < 64; ++i) {
    if (one.bucket(source(i)) != 0) continue;
    ++found;
    buckets.insert(other.bucket(source(i)));
  }
  EXPECT_GT(buckets.size(), 60u);
}

}  // namespace
}  // namespace weir::decode
