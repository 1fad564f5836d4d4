#include "query/result.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::query {

std::string to_string(Int128 value) {
  const bool negative = value < 0;
  // Digit by digit from the value itself: the smallest one has no positive counterpart.
  std::string text;
  do {
    const int digit = static_cast<int>(value % 10);
    text += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) text += '-';
  std::ranges::reverse(text);
  return text;
}

double to_double(const Value& value) {
  if (const int64_t* number = std::get_if<int64_t>(&value)) return static_cast<double>(*number);
  if (const uint64_t* number = std::get_if<uint64_t>(&value)) return static_cast<double>(*number);
  if (const Int128* number = std::get_if<Int128>(&value)) return static_cast<double>(*number);
  if (const double* number = std::get_if<double>(&value)) return *number;
  return 0;
}

Result<> ResultTable::begin(std::span<const ResultColumn> names) {
  columns.assign(names.begin(), names.end());
  rows.clear();
  return {};
}

Result<> ResultTable::row(std::span<const Value> values) {
  rows.emplace_back(values.begin(), values.end());
  return {};
}

Result<> print(const ResultTable& table, RowSink& sink) {
  if (!table.missing.empty()) sink.incomplete(table.missing);
  TRY(sink.begin(table.columns));
  for (const std::vector<Value>& row : table.rows) {
    if (const Result<> taken = sink.row(row); !taken) return taken;
  }
  return sink.end();
}

}  // namespace weir::query
