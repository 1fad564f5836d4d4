// The distinct values of a column chunk in the order in which they first appear, found by a hash table.
//
// The table has twice as many slots as a dictionary may have entries, and a slot is 32 bits: 16 bits say which entry it
// leads to, 16 bits in which generation it was taken. A new dictionary is a new generation, for which all older slots
// are empty: nothing has to be cleared. A value whose slot is taken by another goes to the next free one.
//
// Looking up is memory-bound, as table and entries are larger than the nearest caches. So values go in blocks of 64:
// all slots of a block are fetched first, then all entries that they lead to, and then the values are compared. Where
// most values equal the one before, comparing with that one is quicker still.
//
// Values are chosen by whoever sends flows. The hash has a secret, so nobody can send values that collide on purpose.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ip_address.h"
#include "store/parquet/row_group.h"

namespace weir::store::parquet {

// T: an unsigned integer, int64_t, double (by its bits), IpAddress, or string_view into memory that outlives the
// entries.
template <class T>
class HashDictionary {
 public:
  // Takes the values of all pages and writes the index of each, page after page; false if there would be more than
  // `most` entries (at most kMostEntries).
  template <class Pages>
  bool make(const Pages& pages, size_t most, std::span<uint16_t> indexes) {
    clear();
    for (const auto& page : pages) {
      const std::span<uint16_t> of_page = indexes.first(page.values.size());
      if (!(has_runs(page.values) ? add_runs(page.values, of_page, most) : add(page.values, of_page, most)))
        return false;
      indexes = indexes.subspan(page.values.size());
    }
    return true;
  }

  std::span<T> entries() { return std::span(entries_).first(size_); }
  std::span<const T> entries() const { return std::span(entries_).first(size_); }

 private:
  static constexpr size_t kSlots = 2 * kMostEntries;
  static constexpr unsigned kSlotBits = 17;
  static_assert(kSlots == size_t{1} << kSlotBits);
  static constexpr size_t kAtOnce = 64;

  void clear() {
    size_ = 0;
    // Slots of earlier generations are empty.
    if (++generation_ > UINT16_MAX) {
      std::ranges::fill(slots_, 0);
      generation_ = 1;
    }
  }

  // Whether most values equal the one before, as those do by which an exporter names itself. The first rows tell.
  static bool has_runs(std::span<const T> values) {
    const std::span<const T> first = values.first(std::min(kAtOnce, values.size()));
    size_t again = 0;
    for (size_t i = 1; i < first.size(); ++i) again += same(first[i], first[i - 1]) ? 1 : 0;
    return again > first.size() / 2;
  }

  bool add_runs(std::span<const T> values, std::span<uint16_t> indexes, size_t most) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0 && same(values[i], values[i - 1])) {
        indexes[i] = indexes[i - 1];
        continue;
      }
      const std::optional<uint16_t> index = find_or_add(values[i], slot_of(values[i]), most);
      if (!index) return false;
      indexes[i] = *index;
    }
    return true;
  }

  // Block by block: fetch the slots, fetch the entries, compare.
  bool add(std::span<const T> values, std::span<uint16_t> indexes, size_t most) {
    std::array<uint32_t, kAtOnce> places;
    const std::span<const uint32_t> slots(slots_);
    const uint32_t generation = generation_;
    const std::span<const T> entries(entries_);
    for (size_t first = 0; first < values.size(); first += kAtOnce) {
      const std::span<const T> block = values.subspan(first, std::min(kAtOnce, values.size() - first));
      for (size_t i = 0; i < block.size(); ++i) {
        places[i] = slot_of(block[i]);
        __builtin_prefetch(&slots[places[i]]);
      }
      if constexpr (sizeof(T) > 4) {
        for (size_t i = 0; i < block.size(); ++i) __builtin_prefetch(&entries[static_cast<uint16_t>(slots[places[i]])]);
      }
      for (size_t i = 0; i < block.size(); ++i) {
        const uint32_t found = slots[places[i]];
        if (found >> 16 == generation && same(entries[static_cast<uint16_t>(found)], block[i])) {
          indexes[first + i] = static_cast<uint16_t>(found);
          continue;
        }
        const std::optional<uint16_t> index = find_or_add(block[i], places[i], most);
        if (!index) return false;
        indexes[first + i] = *index;
      }
    }
    return true;
  }

  static bool same(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);  // also a NaN
    } else if constexpr (std::is_same_v<T, IpAddress>) {
      const auto x = halves(a), y = halves(b);
      return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    } else {
      return a == b;
    }
  }

  static std::array<uint64_t, 2> halves(const IpAddress& a) { return std::bit_cast<std::array<uint64_t, 2>>(a.bytes); }

  // Multiply-shift with secret odd factors.
  uint32_t slot_of(const T& value) const {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return static_cast<uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), secret_[0]) % kSlots);
    } else if constexpr (std::is_same_v<T, IpAddress>) {
      const auto [high, low] = halves(value);
      return static_cast<uint32_t>((high * secret_[0] + (low ^ low >> 32) * secret_[1]) >> (64 - kSlotBits));
    } else if constexpr (std::is_same_v<T, double>) {
      return static_cast<uint32_t>(std::bit_cast<uint64_t>(value) * secret_[0] >> (64 - kSlotBits));
    } else {
      return static_cast<uint32_t>(static_cast<uint64_t>(value) * secret_[0] >> (64 - kSlotBits));
    }
  }

  std::optional<uint16_t> find_or_add(const T& value, uint32_t slot, size_t most) {
    while (slots_[slot] >> 16 == generation_) {
      const auto index = static_cast<uint16_t>(slots_[slot]);
      if (same(entries_[index], value)) return index;
      slot = (slot + 1) % kSlots;
    }
    if (size_ >= most) return std::nullopt;
    const auto index = static_cast<uint16_t>(size_);
    slots_[slot] = generation_ << 16 | index;
    entries_[size_++] = value;
    return index;
  }

  static uint64_t random_factor() {
    std::random_device random;
    return uint64_t{random()} << 32 | random() | 1;
  }

  std::vector<uint32_t> slots_ = std::vector<uint32_t>(kSlots);  // generation << 16 | index
  uint32_t generation_ = 0;
  std::vector<T> entries_ = std::vector<T>(kMostEntries);  // the first size_ of them
  size_t size_ = 0;
  std::array<uint64_t, 2> secret_{random_factor(), random_factor()};
};

}  // namespace weir::store::parquet
