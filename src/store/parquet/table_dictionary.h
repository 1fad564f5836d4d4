// The distinct values of a column chunk in ascending order, for integers that lie so close together that a table can
// have a place for each value between the least and the greatest: ports, interfaces, times of some minutes.
//
//   values          7 4 9 4          least 4, places for 4 to 9
//   1. seen         1 0 0 1 0 1      each value marks its place
//   2. numbered     0 . . 1 . 2      the marked places are counted off: entries 4, 7, 9
//   3. indexes      1 0 2 0          each value reads its number from its place
//
// Nothing is hashed or compared, and the entries come out in ascending order, so that they compress better and the
// bounds of a page are those of its indexes.
//
// Times often are whole seconds or milliseconds: then a place stands for a step of so much, and the table reaches
// farther. Some columns have a few values that are far greater than the rest (byte counts, AS numbers): the near ones
// get a table that stays in the cache, the far ones are put aside, sorted and numbered behind them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "store/parquet/bit_pack.h"
#include "store/parquet/digit_sort.h"
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
    size_ = 0;
    if (indexes.empty()) return true;
    find_range(pages, indexes.size());
    if constexpr (std::is_same_v<T, int64_t>) {
      if (fits<1'000'000>(pages)) return fill<1'000'000>(pages, most, indexes);
      if (fits<1'000>(pages)) return fill<1'000>(pages, most, indexes);
    }
    if constexpr (kSplits) {
      if (span_ >= std::min(kNearPlaces, most_places_) && fill_near_and_far(pages, most, indexes)) return true;
      size_ = 0;
    }
    return fits<1>(pages) && fill<1>(pages, most, indexes);
  }

  std::span<const T> entries() const { return std::span(entries_).first(size_); }

 private:
  // At most, and for each value: a table of which little is used costs more than looking values up by their hash.
  static constexpr uint64_t kMostPlaces = uint64_t{1} << 20;
  static constexpr uint64_t kPlacesPerValue = 8;

  // The table of near values stays in the cache. At most one of so many values may lie beyond it.
  static constexpr bool kSplits = std::is_unsigned_v<T> && sizeof(T) > 2;
  static constexpr uint64_t kNearPlaces = uint64_t{1} << 17;
  static constexpr size_t kValuesPerFarValue = 8;
  struct FarValue {
    T value;
    uint32_t at;  // among all values
  };

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
    if (!number_places(places, kStep, most)) return false;
    auto next = indexes.begin();
    for (const auto& page : pages)
      next = std::ranges::transform(page.values, next, [&](T v) { return index_[distance(v) / kStep]; }).out;
    return true;
  }

  template <class Pages>
  bool fill_near_and_far(const Pages& pages, size_t most, std::span<uint16_t> indexes) {
    const uint64_t places = std::min(kNearPlaces, most_places_);
    const size_t most_far = indexes.size() / kValuesPerFarValue;
    seen_.assign(places, 0);
    if (index_.size() < places) index_.resize(places);
    far_values_.clear();
    uint32_t at = 0;
    for (const auto& page : pages) {
      for (const T value : page.values) {
        if (const uint64_t place = distance(value); place < places) {
          seen_[place] = 1;
        } else {
          far_values_.push_back({value, at});
        }
        ++at;
      }
      if (far_values_.size() > most_far) return false;
    }
    if (!number_places(places, 1, most)) return false;
    auto next = indexes.begin();
    for (const auto& page : pages) {
      next = std::ranges::transform(page.values, next, [&](T value) {
               const uint64_t place = distance(value);
               return place < places ? index_[place] : uint16_t{0};
             }).out;
    }
    return number_far_values(most, indexes);
  }

  // There is no branch in the loop, as no processor can tell beforehand which places are seen: each place is written
  // down as the next entry, and the next place overwrites it unless it was seen. Hence room for a block beyond the last
  // entry.
  bool number_places(uint64_t places, uint64_t step, size_t most) {
    constexpr uint64_t kBlock = 1024;
    if (entries_.empty()) entries_.resize(kMostEntries + kBlock);
    for (uint64_t first = 0; first < places; first += kBlock) {
      const uint64_t end = std::min(first + kBlock, places);
      for (uint64_t place = first; place < end; ++place) {
        index_[place] = static_cast<uint16_t>(size_);
        entries_[size_] = static_cast<T>(static_cast<uint64_t>(least_) + place * step);
        size_ += seen_[place];
      }
      if (size_ > most) return false;
    }
    return true;
  }

  bool number_far_values(size_t most, std::span<uint16_t> indexes) {
    sort_by_digits(far_values_, scratch_, bit_width(span_), [this](const FarValue& f) { return distance(f.value); });
    for (size_t i = 0; i < far_values_.size(); ++i) {
      if (i == 0 || far_values_[i].value != far_values_[i - 1].value) {
        if (size_ == most) return false;
        entries_[size_++] = far_values_[i].value;
      }
      indexes[far_values_[i].at] = static_cast<uint16_t>(size_ - 1);
    }
    return true;
  }

  T least_ = 0;
  uint64_t span_ = 0;  // from the least value to the greatest
  uint64_t most_places_ = 0;
  std::vector<uint8_t> seen_;
  std::vector<uint16_t> index_;  // of places that are seen
  std::vector<FarValue> far_values_;
  std::vector<FarValue> scratch_;
  std::vector<T> entries_;  // the first size_ of them
  size_t size_ = 0;
};

}  // namespace weir::store::parquet
