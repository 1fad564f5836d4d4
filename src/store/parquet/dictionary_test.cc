#include "store/parquet/dictionary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "store/shaped_batch.h"

namespace weir::store::parquet {
namespace {

template <class T>
struct Page {
  std::span<const T> values;
};

template <class T>
using Pages = std::vector<std::vector<T>>;

// As Parquet orders them.
constexpr auto in_order = [](const auto& a, const auto& b) {
  if constexpr (std::is_same_v<std::decay_t<decltype(a)>, IpAddress>) {
    return a.bytes < b.bytes;
  } else {
    return a < b;
  }
};

// False if there were too many entries; otherwise every index leads back to its value, and no entry is there twice.
template <class T>
bool make(Dictionary<T>& dictionary, const Pages<T>& pages, size_t most) {
  std::vector<Page<T>> views;
  std::vector<T> all;
  for (const auto& page : pages) {
    views.push_back({page});
    all.insert(all.end(), page.begin(), page.end());
  }
  std::vector<uint16_t> indexes(all.size());
  if (!dictionary.make(views, most, indexes)) return false;
  if (dictionary.ascending()) {
    EXPECT_TRUE(std::ranges::is_sorted(dictionary.entries(), in_order));
  }
  const auto bits = [](const T& value) {
    if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<uint64_t>(value);
    } else {
      return value;
    }
  };
  std::vector<bool> used(dictionary.entries().size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_LT(indexes[i], dictionary.entries().size());
    if (indexes[i] >= used.size()) return true;
    EXPECT_EQ(bits(dictionary.entries()[indexes[i]]), bits(all[i])) << i;
    used[indexes[i]] = true;
  }
  EXPECT_TRUE(std::ranges::all_of(used, std::identity())) << "an entry that no row has";
  std::vector<decltype(bits(all[0]))> distinct;
  for (const T& entry : dictionary.entries()) distinct.push_back(bits(entry));
  std::ranges::sort(distinct);
  EXPECT_EQ(std::ranges::adjacent_find(distinct), distinct.end()) << "an entry twice";
  return true;
}

// As what the rows of a datagram have in common; also where only the first page has runs.
TEST(Dictionary, RunsOfAValue) {
  const auto runs = [](uint64_t seed, size_t length) {
    std::vector<IpAddress> all;
    for (uint64_t i = 0; i < 5000; ++i)
      all.push_back(IpAddress::from_v4(static_cast<uint32_t>(scrambled(i / length + seed))));
    return all;
  };
  Dictionary<IpAddress> dictionary;
  EXPECT_TRUE(make(dictionary, {runs(1, 24), runs(2, 1), runs(3, 5000), runs(4, 3)}, kMostEntries));
  EXPECT_FALSE(make(dictionary, {runs(1, 24)}, 200));
  Dictionary<double> reals;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(make(reals, {{nan, nan, nan, -nan, -nan, 0.0, 0.0, -0.0}}, 4));
}

TEST(Dictionary, HoldsAtMostAsManyEntriesAsItIsTold) {
  Dictionary<uint32_t> wide;
  Dictionary<uint16_t> narrow;
  EXPECT_TRUE(make(wide, {{1, 2}, {3, 1}}, 3));
  EXPECT_FALSE(make(wide, {{1, 2}, {3, 4}}, 3));
  EXPECT_TRUE(make(wide, {{9, 9, 9}}, 1)) << "nothing of the last one is left";
  EXPECT_EQ(wide.entries().size(), 1u);
  EXPECT_TRUE(make(narrow, {{1, 2}, {3, 1}}, 3));
  EXPECT_FALSE(make(narrow, {{1, 2}, {3, 4}}, 3));
  EXPECT_TRUE(make(narrow, {{9, 9, 9}}, 1));
  EXPECT_EQ(narrow.entries().size(), 1u);
}

TEST(Dictionary, SixtyFourKiloEntriesFitAndOneMoreDoesNot) {
  std::vector<uint64_t> values;
  for (uint64_t i = 0; i < kMostEntries; ++i) values.push_back(i << 40 | i);
  Dictionary<uint64_t> dictionary;
  EXPECT_TRUE(make(dictionary, {values, values}, kMostEntries));
  EXPECT_EQ(dictionary.entries().size(), 65536u);
  values.push_back(7);
  EXPECT_FALSE(make(dictionary, {values}, kMostEntries));
  values.pop_back();
  values.pop_back();
  EXPECT_TRUE(make(dictionary, {values}, kMostEntries));
  std::vector<uint16_t> every;
  for (uint32_t i = 0; i < 65536; ++i) every.push_back(static_cast<uint16_t>(65535 - i));
  Dictionary<uint16_t> narrow;
  EXPECT_TRUE(make(narrow, {every}, kMostEntries));
  EXPECT_TRUE(std::ranges::is_sorted(narrow.entries()));
}

TEST(Dictionary, RealNumbersAreWhatTheirBitsAre) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Dictionary<double> dictionary;
  EXPECT_TRUE(make(dictionary, {{nan, 0.0, -0.0, nan, -nan, 0.0}, {-0.0, INFINITY, -INFINITY, nan}}, 100));
  EXPECT_EQ(dictionary.entries().size(), 6u);
}

TEST(Dictionary, Texts) {
  const std::string zero(1, '\0');
  Dictionary<std::string_view> dictionary;
  EXPECT_TRUE(make(dictionary, {{"", zero, "a", "", "b"}, {"a", "ab", std::string_view("abc", 2)}}, 100));
  EXPECT_EQ(dictionary.entries().size(), 5u);
}

TEST(Dictionary, AddressesThatDifferInOneBit) {
  std::vector<IpAddress> addresses;
  for (size_t bit = 0; bit < 128; ++bit) {
    addresses.emplace_back();
    addresses.back().bytes[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
  }
  Dictionary<IpAddress> dictionary;
  EXPECT_TRUE(make(dictionary, {addresses, addresses}, 1000));
  EXPECT_EQ(dictionary.entries().size(), 128u);
}

TEST(Dictionary, AddressesOfBothFamiliesAreInOrder) {
  constexpr IpAddress kMapped = IpAddress::from_v4(0);
  for (const size_t mapped : {0, 3, 200, 5000}) {
    for (const size_t others : {0, 1, 200, 3000}) {
      std::vector<IpAddress> addresses;
      for (uint64_t i = 0; i < mapped + others; ++i) {
        const uint64_t bits = scrambled(i);
        IpAddress address = kMapped;
        // One after the v4-mapped ones, one before, and anything.
        if (i >= mapped) address.bytes[i % 3 == 0 ? 0 : i % 3 == 1 ? 10 : 9] ^= static_cast<uint8_t>(1 + i % 2);
        std::memcpy(&address.bytes[12], &bits, 4);
        addresses.insert(addresses.end(), 1 + i % 2, address);
      }
      std::ranges::sort(addresses, {}, [](const IpAddress& a) { return scrambled(a.bytes[15] << 8 | a.bytes[14]); });
      Dictionary<IpAddress> dictionary;
      EXPECT_TRUE(make(dictionary, {addresses, addresses}, kMostEntries)) << mapped << " and " << others;
      EXPECT_TRUE(dictionary.ascending());
    }
  }
}

TEST(Dictionary, NumbersThatLieCloseTogetherAreInOrder) {
  std::vector<uint32_t> near, far;
  for (uint32_t i = 0; i < 10'000; ++i) {
    near.push_back(4'000'000'000 + static_cast<uint32_t>(scrambled(i) % 5000));
    far.push_back(static_cast<uint32_t>(scrambled(i) % 5000) * 800'000);
  }
  Dictionary<uint32_t> dictionary;
  EXPECT_TRUE(make(dictionary, {near}, kMostEntries));
  EXPECT_TRUE(dictionary.ascending());
  EXPECT_TRUE(make(dictionary, {far}, kMostEntries));
  EXPECT_FALSE(dictionary.ascending());
  EXPECT_TRUE(make(dictionary, {near, near}, kMostEntries));
  EXPECT_TRUE(dictionary.ascending());
  EXPECT_FALSE(make(dictionary, {near}, 100));
  EXPECT_TRUE(make(dictionary, {{UINT32_MAX, 0, 7}}, 3));
}

// As of bytes and packets: a table for most, while a few are greater by any factor.
TEST(Dictionary, CountsOfWhichAFewAreFarGreaterAreInOrder) {
  for (const uint64_t one_in : {7, 9, 50, 3000}) {
    for (const unsigned bits : {18U, 33U, 64U}) {
      for (const size_t values : {100, 5'000, 40'000}) {
        Pages<uint64_t> pages(3);
        for (uint64_t i = 0; i < values; ++i) {
          const bool farther = i % one_in == 0;
          const uint64_t distance = farther ? 140'000 + (scrambled(i % 9'000) >> (64 - bits)) : scrambled(i) % 500;
          pages[i * 3 / values].push_back(40 + distance);
        }
        Dictionary<uint64_t> dictionary;
        EXPECT_TRUE(make(dictionary, pages, kMostEntries));
        if (one_in > 8 || bits > 18) {
          EXPECT_EQ(dictionary.ascending(), one_in > 8) << one_in << " " << bits << " " << values;
        }
      }
    }
  }
}

TEST(Dictionary, CountsOfWhichAFewAreFarGreaterAreHeldToTheMostEntries) {
  std::vector<uint32_t> values;
  for (uint32_t i = 0; i < 1000; ++i) values.push_back(i % 10);
  for (uint32_t i = 0; i < 20; ++i) values.push_back(UINT32_MAX - i);
  Dictionary<uint32_t> dictionary;
  EXPECT_TRUE(make(dictionary, {values, values}, 30));
  EXPECT_EQ(dictionary.entries().size(), 30u);
  EXPECT_FALSE(make(dictionary, {values}, 29));
  EXPECT_FALSE(make(dictionary, {values}, 9));
  EXPECT_TRUE(make(dictionary, {{7, 7}}, 1)) << "nothing of the last one is left";
  EXPECT_EQ(dictionary.entries().size(), 1u);
}

// Microseconds of half an hour are too many for a table, milliseconds are not.
TEST(Dictionary, TimesOfWholeMillisecondsOrSecondsAreInOrder) {
  constexpr int64_t kStart = 1'700'000'000'000'123;
  for (const int64_t step : {1, 999, 1000, 1'000'000}) {
    std::vector<int64_t> times;
    for (uint64_t i = 0; i < 131'072; ++i)
      times.push_back(kStart + static_cast<int64_t>(scrambled(i % 40'000) % (1'000'000'000 / step)) * step);
    Dictionary<int64_t> dictionary;
    EXPECT_TRUE(make(dictionary, {times}, kMostEntries));
    EXPECT_EQ(dictionary.ascending(), step >= 1000) << step;
  }
  Dictionary<int64_t> dictionary;
  EXPECT_TRUE(make(dictionary, {{INT64_MAX, INT64_MIN, 0, -1, -1000}}, 5));
  EXPECT_TRUE(make(dictionary, {{-1000, -2000, -2'999'000}}, 5));
}

// Slots are not emptied from one use to the next but belong to a generation, of which there are 65535.
TEST(Dictionary, NothingOfAnEarlierUseIsFoundWhenGenerationsBeginAnew) {
  Dictionary<uint32_t> dictionary;
  std::vector<uint16_t> index(1);
  std::vector<uint32_t> value(1);
  for (uint32_t use = 0; use < 140'000; ++use) {
    value[0] = use % 70'000;
    ASSERT_TRUE(dictionary.make(std::vector<Page<uint32_t>>{{value}}, 10, index));
    ASSERT_EQ(dictionary.entries().size(), 1u);
    ASSERT_EQ(dictionary.entries()[0], value[0]) << use;
    ASSERT_EQ(index[0], 0);
  }
}

TEST(Dictionary, NumbersThatDifferInAnyBits) {
  for (unsigned shift = 0; shift < 55; ++shift) {
    std::vector<uint64_t> values;
    for (uint64_t i = 0; i < 1000; ++i) values.push_back(i << shift);
    Dictionary<uint64_t> dictionary;
    EXPECT_TRUE(make(dictionary, {values}, 1000)) << shift;
  }
}

}  // namespace
}  // namespace weir::store::parquet
