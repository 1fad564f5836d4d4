// The tables of a store. Another one is another row here, with a schema (flow/schema.cc): counts, builders, folders and
// views go by this list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::flow {

enum class Table : uint8_t {
  flows,     // one row for each flow record or sampled packet
  counters,  // what devices counted themselves: one row for each value of an sFlow counter sample
  account,   // what the collector counted: rows for each minute
};

inline constexpr std::array kTables = {Table::flows, Table::counters, Table::account};
inline constexpr size_t kTableCount = kTables.size();
// Those that decoding fills, and that the ledger is about.
inline constexpr std::array kDecodedTables = {Table::flows, Table::counters};

// As folders, views and members of documents are named.
constexpr std::string_view name(Table table) {
  constexpr std::array<std::string_view, kTableCount> kNames = {"flows", "counters", "account"};
  return kNames[static_cast<size_t>(table)];
}

// One value for each table.
template <class T>
class PerTable {
 public:
  constexpr T& operator[](Table table) { return values_[static_cast<size_t>(table)]; }
  constexpr const T& operator[](Table table) const { return values_[static_cast<size_t>(table)]; }
  constexpr auto begin() { return values_.begin(); }
  constexpr auto begin() const { return values_.begin(); }
  constexpr auto end() { return values_.end(); }
  constexpr auto end() const { return values_.end(); }
  bool operator==(const PerTable&) const = default;

 private:
  std::array<T, kTableCount> values_{};
};

}  // namespace weir::flow
