// The distinct values of a column chunk, and which of them each row has: in ascending order for addresses and for
// integers that lie close together, otherwise in the order in which they first appear.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "base/ip_address.h"
#include "store/parquet/address_order.h"
#include "store/parquet/hash_dictionary.h"
#include "store/parquet/table_dictionary.h"

namespace weir::store::parquet {

// T: an unsigned integer, int64_t, double (by its bits), IpAddress, or string_view into memory that outlives the
// entries.
template <class T>
class Dictionary {
 public:
  // Takes the values of all pages (`values` of each) and writes the index of each, page after page; `indexes` has as
  // many places as there are values. False if there would be more than `most` entries (at most kMostEntries).
  template <class Pages>
  bool make(const Pages& pages, size_t most, std::span<uint16_t> indexes) {
    if constexpr (kTable) {
      ascending_ = table_.make(pages, most, indexes);
      if (ascending_) return true;
    }
    if constexpr (kHashed) {
      if (!hashed_.make(pages, most, indexes)) return false;
      if constexpr (kAddress) order_.sort(hashed_.entries(), indexes);
      return true;
    }
    return false;
  }

  std::span<const T> entries() const {
    if constexpr (kTable) {
      if (ascending_ || !kHashed) return table_.entries();
    }
    if constexpr (kHashed) return hashed_.entries();
  }

  // Whether entries are in ascending order; that is also the kind which costs less.
  bool ascending() const { return ascending_; }

 private:
  struct None {};
  static constexpr bool kAddress = std::is_same_v<T, IpAddress>;
  static constexpr bool kTable = std::is_integral_v<T>;
  static constexpr bool kHashed = !kTable || (sizeof(T) > 2);  // a table has a place for all shorter ones

  std::conditional_t<kTable, TableDictionary<T>, None> table_;
  std::conditional_t<kHashed, HashDictionary<T>, None> hashed_;
  std::conditional_t<kAddress, AddressOrder, None> order_;
  bool ascending_ = kAddress;
};

}  // namespace weir::store::parquet
