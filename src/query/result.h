// Rows of an answer: typed values on their way from an engine to a printer, one row at a time, so that an answer of any
// size needs little memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "store/layout.h"

namespace weir::query {

// HUGEINT: the type of sums.
__extension__ typedef __int128 Int128;
std::string to_string(Int128 value);

struct Mac {
  uint64_t value;
  bool operator==(const Mac&) const = default;
};

// Text that is JSON already (lists and structs), and text that is a number (decimals).
struct JsonText {
  std::string text;
  bool operator==(const JsonText&) const = default;
};
struct NumberText {
  std::string text;
  bool operator==(const NumberText&) const = default;
};

// monostate is null. The string is text as it came: any bytes.
using Value = std::variant<std::monostate, bool, int64_t, uint64_t, Int128, double, std::string, IpAddress, Mac,
                           Timestamp, JsonText, NumberText>;

inline bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }
// A number of any integer type as a double, 0 for anything else: for shares and units, not for exact values.
double to_double(const Value& value);

struct ResultColumn {
  std::string name;
  bool number = false;  // right-aligned in a table, and never cut
  bool whole = false;   // text that is worth nothing when cut, such as an address
  bool lines = false;   // text of several lines, which are lines of a table, too: the plan of a query
};

class RowSink {
 public:
  virtual ~RowSink() = default;
  // Once, before the rows.
  virtual Result<> begin(std::span<const ResultColumn> columns) = 0;
  // As many values as columns. A failure ends the query.
  virtual Result<> row(std::span<const Value> values) = 0;
  virtual Result<> end() = 0;
  // Before begin(), if parts of the store are missing from the answer.
  virtual void incomplete(std::span<const store::LeftOut> /*missing*/) {}
};

// Keeps the rows: for small answers.
struct ResultTable final : RowSink {
  std::vector<ResultColumn> columns;
  std::vector<std::vector<Value>> rows;
  std::vector<store::LeftOut> missing;

  Result<> begin(std::span<const ResultColumn> names) override;
  Result<> row(std::span<const Value> values) override;
  Result<> end() override { return {}; }
  void incomplete(std::span<const store::LeftOut> parts) override { missing.assign(parts.begin(), parts.end()); }
};

// Hands on what it is given, and counts it.
struct CountingSink final : RowSink {
  explicit CountingSink(RowSink& to) : next(to) {}
  Result<> begin(std::span<const ResultColumn> columns) override { return next.begin(columns); }
  Result<> row(std::span<const Value> values) override { return ++rows, next.row(values); }
  Result<> end() override { return ++answers, next.end(); }
  void incomplete(std::span<const store::LeftOut> missing) override { next.incomplete(missing); }
  RowSink& next;
  uint64_t rows = 0;
  uint64_t answers = 0;
};

// The whole table to a sink.
Result<> print(const ResultTable& table, RowSink& sink);

}  // namespace weir::query
