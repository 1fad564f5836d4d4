// The distinct values of a column chunk in ascending order, for integers that lie so close together that a table has a
// place for each: ports, interfaces, AS numbers, times of some seconds or minutes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "store/parquet/row_group.h"
#include "store/parquet/value_bounds.h"

namespace weir::store::parquet {

// T: an unsigned integer, or int64_t: microseconds, of which many exporters know milliseconds or seconds only.
template <class T>
class TableDictionary {
 public:
  // Takes the values of all pages and writes the index of each, page after page; false if they lie too far apart, or
  // there would be more than `most` entries (at most kMostEntries).
  template <class Pages>
  bool make(const Pages& pages, size_t most, std::span<uint16_t> indexes) {
    entries_.clear();
    if (indexes.empty()) return true;
    find_range(pages, indexes.size());
    if constexpr (std::is_same_v<T, int64_t>) {
      if (fits<1'000'000>(pages)) return fill<1'000'000>(pages, most, indexes);
      if (fits<1'000>(pages)) return fill<1'000>(pages, most, indexes);
    }
    return fits<1>(pages) && fill<1>(pages, most, indexes);
  }

  std::span<const T> entries() const { return entries_; }

 private:
  // At most, and for each value: a table of which little is used costs more than looking values up by their hash.
  static constexpr uint64_t kMostPlaces = uint64_t{1} << 20;
  static constexpr uint64_t kPlacesPerValue = 8;

  template <class Pages>
  void find_range(const Pages& pages, size_t values) {
    if constexpr (sizeof(T) <= 2) {
      least_ = 0;
      span_ = std::numeric_limits<T>::max();
      most_places_ = span_ + 1;
    } else {
      std::optional<Range<T>> all;
      for (const auto& page : pages) {
        const auto range = range_of(page.values);
        if (range) all ? all->add(*range) : void(all = range);
      }
      least_ = all->least;
      span_ = static_cast<uint64_t>(all->greatest) - static_cast<uint64_t>(all->least);
      most_places_ = std::min(kMostPlaces, kPlacesPerValue * values);
    }
  }

  // Modulo 2^64, which also the difference of the furthest two fits.
  uint64_t distance(T value) const { return static_cast<uint64_t>(value) - static_cast<uint64_t>(least_); }

  // Whether every value is a multiple of so much from the least one, and not too far.
  template <uint64_t kStep, class Pages>
  bool fits(const Pages& pages) const {
    if (span_ / kStep >= most_places_) return false;
    if constexpr (kStep > 1) {
      for (const auto& page : pages) {
        for (const T value : page.values) {
          if (distance(value) % kStep != 0) return false;
        }
      }
    }
    return true;
  }

  template <uint64_t kStep, class Pages>
  bool fill(const Pages& pages, size_t most, std::span<uint16_t> indexes) {
    const size_t places = span_ / kStep + 1;
    seen_.assign(places, 0);
    if (index_.size() < places) index_.resize(places);
    for (const auto& page : pages) {
      for (const T value : page.values) seen_[distance(value) / kStep] = 1;
    }
    for (size_t place = 0; place < places; ++place) {
      if (seen_[place] == 0) continue;
      if (entries_.size() == most) return false;
      index_[place] = static_cast<uint16_t>(entries_.size());
      entries_.push_back(static_cast<T>(static_cast<uint64_t>(least_) + place * kStep));
    }
    auto next = indexes.begin();
    for (const auto& page : pages)
      next = std::ranges::transform(page.values, next, [&](T v) { return index_[distance(v) / kStep]; }).out;
    return true;
  }

  T least_ = 0;
  uint64_t span_ = 0;  // from the least value to the greatest
  uint64_t most_places_ = 0;
  std::vector<uint8_t> seen_;
  std::vector<uint16_t> index_;  // of places that are seen
  std::vector<T> entries_;
};

}  // namespace weir::store::parquet
