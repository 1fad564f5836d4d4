#include "base/keyed_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/ip_address.h"

namespace weir {
namespace {

constexpr size_t kPlaces = 4096;

// The most that share one of kPlaces, by the top bits and by the lowest ones, as tables use either.
template <class Hash>
size_t most_in_a_place(size_t count, const Hash& hash_of) {
  std::vector<size_t> low(kPlaces);
  std::vector<size_t> high(kPlaces);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t hash = hash_of(i);
    ++low[hash % kPlaces];
    ++high[hash / (UINT64_MAX / kPlaces + 1)];
  }
  return std::max(std::ranges::max(low), std::ranges::max(high));
}

// What was calculated to meet in one place of the hash without a key that addresses had before: 16 on average here.
TEST(KeyedHash, AddressesThatWereChosenToCollideDoNot) {
  constexpr uint64_t kOldFactor = 0x9e3779b97f4a7c15U;
  const auto chosen = [&](size_t i) {
    IpAddress address;
    const uint64_t low = i;
    const uint64_t high = low * kOldFactor;  // the two cancelled each other
    for (size_t byte = 0; byte < 8; ++byte) {
      address.bytes[byte] = static_cast<uint8_t>(high >> 8 * byte);
      address.bytes[8 + byte] = static_cast<uint8_t>(low >> 8 * byte);
    }
    return address;
  };
  EXPECT_LT(most_in_a_place(65536, [&](size_t i) { return IpAddressHash{}(chosen(i)); }), 64u);
}

TEST(KeyedHash, SpreadsSteps) {
  for (const uint64_t step : std::to_array<uint64_t>({1, 256, 4096, uint64_t{1} << 32, uint64_t{1} << 48})) {
    EXPECT_LT(most_in_a_place(65536, [&](size_t i) { return KeyedHash{}(i * step); }), 128u) << step;
    EXPECT_LT(most_in_a_place(65536, [&](size_t i) { return keyed_hash(7, i * step); }), 128u) << step;
    EXPECT_LT(most_in_a_place(65536, [&](size_t i) { return keyed_hash(i * step, 7); }), 128u) << step;
  }
}

}  // namespace
}  // namespace weir
