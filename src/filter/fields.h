// The conditions of the filter language that are a column and a value and nothing else: a table, read by the parser,
// the printer and the SQL writer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::query {

enum class TermKind : uint8_t {
  number,
  mac,
  text,  // equal to the whole value
  part,  // somewhere in the value, in upper or lower case
};

struct Term {
  std::string_view words;    // before the value, with one space between them
  std::string_view columns;  // any of them may have the value; with one space between them
  TermKind kind = TermKind::number;
  uint64_t limit = UINT64_MAX;  // of a number
  std::string_view names = {};  // for numbers: "ADD=1 DELETE=2"
};

std::span<const Term> filter_terms();

// The number of a name of the term, in upper or lower case.
std::optional<uint64_t> named_value(const Term& term, std::string_view name);

}  // namespace weir::query
