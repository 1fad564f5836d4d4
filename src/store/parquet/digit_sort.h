// Sorting by a whole number, digit by digit from the last one on (LSD radix sort).
//
// A digit is 11 bits. A pass counts how often each digit appears, which says where the items with that digit begin, and
// then moves every item to its place. Items with the same digit keep their order, so after the pass over the first
// digit all are in order. 32 bits take three passes and 64 bits six, whatever the number of items, and nothing is
// compared: no branch that the processor would guess wrongly. A digit that is the same in all items needs no pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weir::store::parquet {

// Puts items into ascending order of their number, of which only the last `bits` are looked at. Items of the same
// number stay in their order. scratch: memory that is used meanwhile.
template <class Item, class Number>
void sort_by_digits(std::vector<Item>& items, std::vector<Item>& scratch, unsigned bits, Number number) {
  constexpr unsigned kBits = 11;
  constexpr size_t kDigits = size_t{1} << kBits;
  constexpr size_t kFew = 256;  // counting is not worth it
  if (items.size() < kFew) {
    std::ranges::stable_sort(items, {}, number);
    return;
  }
  scratch.resize(items.size());
  for (unsigned shift = 0; shift < bits; shift += kBits) {
    const auto digit = [&](const Item& item) { return std::invoke(number, item) >> shift & (kDigits - 1); };
    std::array<uint32_t, kDigits> next{};
    for (const Item& item : items) ++next[digit(item)];
    if (next[digit(items.front())] == items.size()) continue;  // the same in all of them
    uint32_t sum = 0;
    for (uint32_t& n : next) sum += std::exchange(n, sum);
    for (const Item& item : items) scratch[next[digit(item)]++] = item;
    items.swap(scratch);
  }
}

}  // namespace weir::store::parquet
