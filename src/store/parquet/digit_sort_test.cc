#include "store/parquet/digit_sort.h"

#include <gtest/gtest.h>

#include "store/shaped_batch.h"

namespace weir::store::parquet {
namespace {

struct Item {
  uint64_t number;
  size_t was;
  bool operator==(const Item&) const = default;
};

TEST(DigitSort, IsAStableSortOfAnyLengthAndWidth) {
  for (const size_t length : {0, 1, 2, 255, 256, 5000}) {
    for (const unsigned bits : {1U, 11U, 12U, 32U, 48U, 64U}) {
      std::vector<Item> items, scratch;
      for (size_t i = 0; i < length; ++i) items.push_back({scrambled(i % 3000) >> (64 - bits), i});
      std::vector<Item> expected = items;
      std::ranges::stable_sort(expected, {}, &Item::number);
      sort_by_digits(items, scratch, bits, &Item::number);
      EXPECT_EQ(items, expected) << length << " of " << bits << " bits";
    }
  }
}

TEST(DigitSort, DigitsThatAreTheSameInAllItems) {
  std::vector<Item> items, scratch;
  for (size_t i = 0; i < 3000; ++i) items.push_back({0x2001'0db8'0000'0000 | scrambled(i) % 7 << 23, i});
  std::vector<Item> expected = items;
  std::ranges::stable_sort(expected, {}, &Item::number);
  sort_by_digits(items, scratch, 64, &Item::number);
  EXPECT_EQ(items, expected);
}

}  // namespace
}  // namespace weir::store::parquet
