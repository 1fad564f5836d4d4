// What differs between the SQL of one engine and another: literals and a few expressions. Filters and plans are written
// once, against this.
#pragma once

#include <string>
#include <string_view>

#include "filter/dialect.h"

namespace weir::query {

class Dialect : public filter::Dialect {
 public:
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
