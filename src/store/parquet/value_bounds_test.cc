#include "store/parquet/value_bounds.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {
namespace {

template <class T>
std::optional<Bounds> bounds(const std::vector<T>& values) {
  return bounds_of(range_of(std::span<const T>(values)));
}

template <class T>
std::string plain(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T>
void expect_bounds(const std::vector<T>& values, const std::string& least, const std::string& greatest) {
  const auto found = bounds(values);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->least, least);
  EXPECT_EQ(found->greatest, greatest);
}

TEST(ValueBounds, NoneOfNoValues) {
  EXPECT_FALSE(bounds<uint64_t>({}));
  EXPECT_FALSE(bounds<double>({}));
  EXPECT_FALSE(bounds<IpAddress>({}));
  EXPECT_FALSE(bounds<std::string_view>({}));
}

TEST(ValueBounds, SmallNumbersTakeFourBytes) {
  expect_bounds<uint8_t>({7, 255, 128}, plain(uint32_t{7}), plain(uint32_t{255}));
  expect_bounds<uint16_t>({40000, 9}, plain(uint32_t{9}), plain(uint32_t{40000}));
}

TEST(ValueBounds, NumbersAreUnsignedAndTimesAreSigned) {
  expect_bounds<uint32_t>({0x80000000, 1}, plain(uint32_t{1}), plain(uint32_t{0x80000000}));
  expect_bounds<uint64_t>({uint64_t{1} << 63, 1}, plain(uint64_t{1}), plain(uint64_t{1} << 63));
  expect_bounds<int64_t>({-1, 1}, plain(int64_t{-1}), plain(int64_t{1}));
}

TEST(ValueBounds, ARealNumberThatIsNoneGivesNoBounds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(bounds<double>({nan}));
  EXPECT_FALSE(bounds<double>({1, 2, nan}));
  EXPECT_FALSE(bounds<double>({-nan, 1, 2}));
  expect_bounds<double>({1, -INFINITY, 3}, plain(-std::numeric_limits<double>::infinity()), plain(3.0));
}

TEST(ValueBounds, ZeroAsABoundHasTheSignThatLeavesNoZeroOut) {
  expect_bounds<double>({0.0, 1}, plain(-0.0), plain(1.0));
  expect_bounds<double>({-1, -0.0}, plain(-1.0), plain(0.0));
  expect_bounds<double>({0.0}, plain(-0.0), plain(0.0));
}

TEST(ValueBounds, AddressesOrderByTheirBytes) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 200; ++n) {
    std::vector<IpAddress> addresses(1 + random() % 20);
    for (IpAddress& address : addresses) {
      address = IpAddress::from_v4(static_cast<uint32_t>(random()));
      // Some differ in one byte only, of either half.
      if (random() % 2 == 0) address.bytes[random() % 16] = static_cast<uint8_t>(random());
    }
    expect_bounds(addresses, plain(*std::ranges::min_element(addresses)), plain(*std::ranges::max_element(addresses)));
  }
}

TEST(ValueBounds, TextsOrderByTheirBytesAndOnlyShortOnesAreKept) {
  using namespace std::literals;
  expect_bounds<std::string_view>({"b"sv, "\xc3\xa4"sv, "a\0"sv, "a"sv}, "a", "\xc3\xa4");
  expect_bounds<std::string_view>({""sv, "x"sv}, "", "x");
  const std::string longest(64, 'y'), too_long(65, 'z');
  expect_bounds<std::string_view>({"a"sv, longest}, "a", longest);
  EXPECT_FALSE(bounds<std::string_view>({"a"sv, too_long}));
  EXPECT_FALSE(bounds<std::string_view>({std::string(65, ' '), "a"sv}));
  EXPECT_TRUE(bounds<std::string_view>({"a"sv, "z"sv, std::string(65, 'b')})) << "neither the least nor the greatest";
}

TEST(ValueBounds, ARangeTakesInAnother) {
  Range<uint64_t> range{5, 7};
  range.add({6, 9});
  range.add({2, 3});
  EXPECT_EQ(range.least, 2u);
  EXPECT_EQ(range.greatest, 9u);
}

}  // namespace
}  // namespace weir::store::parquet
