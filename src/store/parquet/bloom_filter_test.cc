#include "store/parquet/bloom_filter.h"

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <string>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {
namespace {

ByteView view(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
ByteView view(const uint64_t& number) { return bytes_of(std::span(&number, 1)); }

// A look-up, from the specification.
bool may_have(const BloomFilter& filter, ByteView value) {
  constexpr std::array<uint32_t, 8> kSalt = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                             0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
  const uint64_t hash = XXH64(value.data(), value.size(), 0);
  const uint64_t blocks = filter.bytes().size() / 32;
  const ByteView block = filter.bytes().subspan(((hash >> 32) * blocks >> 32) * 32, 32);
  for (size_t word = 0; word < kSalt.size(); ++word) {
    const uint32_t bit = static_cast<uint32_t>(hash) * kSalt[word] >> 27;
    if ((block[word * 4 + bit / 8] >> bit % 8 & 1) == 0) return false;
  }
  return true;
}

TEST(BloomFilter, HasTheBitsThatParquetMrWrites) {
  // Of the texts a0 to a9 in one block: a fixture that the Rust implementation is tested with, too.
  constexpr std::array<uint8_t, 32> kWant = {200, 1,   80, 20, 64, 68, 8,  109, 6, 37, 4,   67, 144, 80, 96, 32,
                                             8,   132, 43, 33, 0,  5,  99, 65,  2, 0,  224, 44, 64,  78, 96, 4};
  BloomFilter filter(10);
  ASSERT_EQ(filter.bytes().size(), 32u);
  for (char digit = '0'; digit <= '9'; ++digit) filter.add(view(std::string{'a', digit}));
  EXPECT_TRUE(std::ranges::equal(filter.bytes(), kWant));
}

TEST(BloomFilter, FindsWhatWasAddedAndSeldomAnythingElse) {
  for (const uint64_t distinct : {1, 2, 25, 26, 1000, 65536}) {
    BloomFilter filter(distinct);
    EXPECT_EQ(filter.bytes().size() % 32, 0u);
    for (uint64_t value = 0; value < distinct; ++value) filter.add(view(value));
    for (uint64_t value = 0; value < distinct; ++value) ASSERT_TRUE(may_have(filter, view(value))) << value;
    size_t wrong = 0;
    for (uint64_t value = 1'000'000; value < 1'100'000; ++value) wrong += may_have(filter, view(value));
    EXPECT_LT(wrong, 6000u) << distinct;
    EXPECT_LE(filter.bytes().size(), distinct * 7 / 8 + 32);
  }
}

TEST(BloomFilter, AnEmptyOneFindsNothing) {
  const BloomFilter filter(0);
  EXPECT_EQ(filter.bytes().size(), 32u);
  EXPECT_FALSE(may_have(filter, view(uint64_t{0})));
}

}  // namespace
}  // namespace weir::store::parquet
