// The distinct values of a column chunk, and which of them each row has. Values of one or two octets are in ascending
// order, others in the order in which they first appear.
//
// Values are chosen by whoever sends flows: the hash has a secret, so nobody can choose those that collide.
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

#include "base/check.h"
#include "base/ip_address.h"

namespace weir::store::parquet {

inline constexpr size_t kMostEntries = 65536;  // an index has 16 bits

// T: an unsigned integer, double (by its bits), IpAddress, or string_view into memory that outlives the entries.
template <class T>
class Dictionary {
 public:
  // Takes the values of all pages and writes the index of each, page after page; false if there would be more than
  // `most` entries (at most kMostEntries).
  template <class Pages>
  bool make(const Pages& pages, size_t most, std::vector<uint16_t>& indexes) {
    clear();
    std::span<uint16_t> rest(indexes);
    for (const auto& page : pages) {
      if (!add(page.values, rest.first(page.values.size()), most)) return false;
      rest = rest.subspan(page.values.size());
    }
    return true;
  }

  std::span<const T> entries() const { return entries_; }

 private:
  static constexpr size_t kSlots = 2 * kMostEntries;
  static constexpr unsigned kSlotBits = 17;
  static_assert(kSlots == size_t{1} << kSlotBits);

  void clear() {
    entries_.clear();
    // Slots of earlier generations are empty.
    if (++generation_ > UINT16_MAX) {
      std::ranges::fill(slots_, 0);
      generation_ = 1;
    }
  }

  bool add(std::span<const T> values, std::span<uint16_t> indexes, size_t most) {
    for (size_t i = 0; i < values.size();) {
      const std::span<const T> rest = values.subspan(i);
      // The table and the entries are larger than the nearest caches.
      constexpr size_t kAhead = 16;
      if (rest.size() > kAhead) {
        __builtin_prefetch(&slots_[slot_of(rest[kAhead])]);
        if constexpr (sizeof(T) > 4) {
          const auto likely = static_cast<uint16_t>(slots_[slot_of(rest[kAhead / 2])]);
          if (likely < entries_.size()) __builtin_prefetch(&entries_[likely]);
        }
      }
      const std::optional<uint16_t> index = find_or_add(rest.front(), most);
      if (!index) return false;
      indexes[i++] = *index;
      while (i < values.size() && same(values[i], rest.front())) indexes[i++] = *index;
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

  static std::array<uint64_t, 2> halves(const IpAddress& a) { return std::bit_cast<std::array<uint64_t, 2>>(a.octets); }

  // Multiply-shift with secret odd factors.
  size_t slot_of(const T& value) const {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return XXH3_64bits_withSeed(value.data(), value.size(), secret_[0]) % kSlots;
    } else if constexpr (std::is_same_v<T, IpAddress>) {
      const auto [high, low] = halves(value);
      return (high * secret_[0] + (low ^ low >> 32) * secret_[1]) >> (64 - kSlotBits);
    } else if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<uint64_t>(value) * secret_[0] >> (64 - kSlotBits);
    } else {
      return static_cast<uint64_t>(value) * secret_[0] >> (64 - kSlotBits);
    }
  }

  std::optional<uint16_t> find_or_add(const T& value, size_t most) {
    size_t slot = slot_of(value);
    while (slots_[slot] >> 16 == generation_) {
      const auto index = static_cast<uint16_t>(slots_[slot]);
      if (same(entries_[index], value)) return index;
      slot = (slot + 1) % kSlots;
    }
    if (entries_.size() >= most) return std::nullopt;
    slots_[slot] = generation_ << 16 | static_cast<uint32_t>(entries_.size());
    entries_.push_back(value);
    return static_cast<uint16_t>(entries_.size() - 1);
  }

  static uint64_t random_factor() {
    std::random_device random;
    return uint64_t{random()} << 32 | random() | 1;
  }

  std::vector<uint32_t> slots_ = std::vector<uint32_t>(kSlots);  // generation << 16 | index
  uint32_t generation_ = 0;
  std::vector<T> entries_;
  std::array<uint64_t, 2> secret_{random_factor(), random_factor()};
};

// Few enough values to look all of them up in a table.
template <class T>
  requires(sizeof(T) <= 2)
class Dictionary<T> {
 public:
  template <class Pages>
  bool make(const Pages& pages, size_t most, std::vector<uint16_t>& indexes) {
    entries_.clear();
    std::ranges::fill(seen_, 0);
    for (const auto& page : pages) {
      for (const T value : page.values) seen_[value] = 1;
    }
    for (size_t value = 0; value < kValues; ++value) {
      if (seen_[value] == 0) continue;
      if (entries_.size() == most) return false;
      index_[value] = static_cast<uint16_t>(entries_.size());
      entries_.push_back(static_cast<T>(value));
    }
    auto next = indexes.begin();
    for (const auto& page : pages) next = std::ranges::transform(page.values, next, [&](T v) { return index_[v]; }).out;
    return true;
  }

  std::span<const T> entries() const { return entries_; }

 private:
  static constexpr size_t kValues = size_t{1} << (8 * sizeof(T));

  std::vector<uint8_t> seen_ = std::vector<uint8_t>(kValues);
  std::vector<uint16_t> index_ = std::vector<uint16_t>(kValues);
  std::vector<T> entries_;
};

}  // namespace weir::store::parquet
