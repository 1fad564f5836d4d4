// What differs between the SQL of one engine and another: literals and a few expressions. Filters and plans are written
// once, against this.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace weir::query {

class Dialect {
 public:
  virtual ~Dialect() = default;

  // Literals.
  virtual std::string address(const IpAddress& address) const = 0;
  virtual std::string time(Timestamp time) const = 0;
  virtual std::string number(uint64_t number) const = 0;
  virtual std::string text(std::string_view text) const = 0;

  // "name" of a result column.
  virtual std::string quote_name(std::string_view name) const = 0;

  // A condition that is true where `condition` is false or null.
  virtual std::string not_true(const std::string& condition) const = 0;
  // All bits of `mask` are set in a column.
  virtual std::string has_bits(std::string_view column, uint64_t mask) const = 0;
  // A column of texts has `text` somewhere, in upper or lower case.
  virtual std::string contains(std::string_view column, std::string_view text) const = 0;
  // A column of addresses lies in one of many ranges, given in order and apart from each other.
  virtual std::string in_ranges(std::string_view column, std::span<const IpPrefix> ranges) const = 0;
  // time_flow_end - time_flow_start in whole milliseconds; null for a flow that ends before it starts.
  virtual std::string duration_ms() const = 0;

  // The first address of the prefix that an address lies in, and that prefix as text. v4_bits and v6_bits are
  // expressions.
  virtual std::string network(std::string_view address, std::string_view v4_bits, std::string_view v6_bits) const = 0;
  virtual std::string network_text(std::string_view address, std::string_view v4_bits,
                                   std::string_view v6_bits) const = 0;

  // Sum of a counter over rows as an exact integer, never null and wide enough for any counters; with `scaled`, each
  // row counts sampling_rate times (null and 0 count once).
  virtual std::string sum(std::string_view column, bool scaled) const = 0;
  // Seconds between two times that are expressions, as a fraction; null if either is null or the second is not later.
  virtual std::string seconds_between(std::string_view from, std::string_view to) const = 0;
  // value as a floating-point number
  virtual std::string real(std::string_view value) const = 0;
};

// DuckDB, with the functions of macros.h.
const Dialect& duckdb_dialect();

}  // namespace weir::query
