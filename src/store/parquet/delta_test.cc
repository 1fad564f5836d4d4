#include "store/parquet/delta.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace weir::store::parquet {
namespace {

// Reads DELTA_BINARY_PACKED as the format describes it, and holds the writer to it.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  template <class T>
  std::vector<T> values() {
    const uint64_t block = varint();
    const uint64_t miniblocks = varint();
    EXPECT_EQ(block % 128, 0u);
    EXPECT_EQ(block / miniblocks % 32, 0u);
    const uint64_t count = varint();
    std::vector<T> values;
    uint64_t value = zigzag();
    if (count > 0) values.push_back(static_cast<T>(value));
    while (values.size() < count) {
      const uint64_t least = zigzag();
      std::vector<unsigned> widths;
      for (uint64_t m = 0; m < miniblocks; ++m) widths.push_back(byte());
      for (const unsigned width : widths) {
        EXPECT_LE(width, 8 * sizeof(T));
        if (values.size() == count) {
          EXPECT_EQ(width, 0u) << "of a miniblock without a value";
        }
        bit_ = 0;
        const size_t first = at_;
        for (uint64_t i = 0; i < block / miniblocks; ++i) {
          const uint64_t delta = bits(first, width);
          if (values.size() == count) continue;
          value += least + delta;  // wraps around
          values.push_back(static_cast<T>(value));
        }
        at_ = first + block / miniblocks * width / 8;
      }
    }
    EXPECT_EQ(at_, bytes_.size()) << "bytes after the last value";
    return values;
  }

 private:
  uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t next = byte();
      value |= uint64_t{next & 0x7fU} << shift;
      if (next < 0x80) break;
    }
    return value;
  }
  uint64_t zigzag() {
    const uint64_t value = varint();
    return value >> 1 ^ (~(value & 1) + 1);
  }
  uint64_t bits(size_t first, unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i, ++bit_) {
      EXPECT_LT(first + bit_ / 8, bytes_.size());
      if (first + bit_ / 8 < bytes_.size()) value |= uint64_t{bytes_[first + bit_ / 8] >> (bit_ % 8) & 1U} << i;
    }
    return value;
  }

  ByteView bytes_;
  size_t at_ = 0;
  size_t bit_ = 0;
};

template <class T>
struct Delta : testing::Test {
  static size_t expect_equal(const std::vector<T>& values) {
    Buffer out;
    encode_delta(std::span<const T>(values), out);
    EXPECT_EQ(Reader(out.view()).values<T>(), values) << values.size() << " values";
    return out.size();
  }
};
using Types = testing::Types<int32_t, int64_t>;
TYPED_TEST_SUITE(Delta, Types);

TYPED_TEST(Delta, LengthsAroundBlocksAndMiniblocks) {
  std::mt19937_64 random(1);
  for (const size_t length : {0, 1, 2, 31, 32, 33, 34, 64, 65, 66, 97, 127, 128, 129, 130, 161, 256, 257, 258, 1000}) {
    std::vector<TypeParam> values(length);
    for (TypeParam& value : values) value = static_cast<TypeParam>(random());
    this->expect_equal(values);
  }
}

TYPED_TEST(Delta, DifferencesThatWrapAround) {
  constexpr TypeParam kLeast = std::numeric_limits<TypeParam>::min();
  constexpr TypeParam kMost = std::numeric_limits<TypeParam>::max();
  this->expect_equal({kLeast, kMost, kLeast, kMost, 0, kLeast, -1, kMost});
  this->expect_equal({kMost});
  this->expect_equal({kLeast});
  std::vector<TypeParam> alternating;
  for (int i = 0; i < 500; ++i) alternating.push_back(i % 3 == 0 ? kLeast : i % 3 == 1 ? kMost : 0);
  this->expect_equal(alternating);
}

TYPED_TEST(Delta, EveryWidth) {
  std::mt19937_64 random(2);
  for (unsigned width = 0; width < 8 * sizeof(TypeParam); ++width) {
    std::vector<TypeParam> values(200);
    for (TypeParam& value : values) value = static_cast<TypeParam>(random() & ((uint64_t{1} << width) - 1));
    this->expect_equal(values);
  }
}

TYPED_TEST(Delta, SmallWhereValuesRiseSlowly) {
  std::vector<TypeParam> same_step, constant(12801, 77);
  for (TypeParam i = 0; i < 12801; ++i) same_step.push_back(i * 1000);
  EXPECT_LT(this->expect_equal(same_step), 12801u * 8 / 100) << "eight bytes a block of 128";
  EXPECT_LT(this->expect_equal(constant), 12801u * 6 / 100);
  std::vector<TypeParam> two_bits;
  for (TypeParam i = 0; i < 12800; ++i) two_bits.push_back(i * 1000 + i % 2);
  EXPECT_LT(this->expect_equal(two_bits), 12801u * 40 / 100);
}

}  // namespace
}  // namespace weir::store::parquet
