// Any bytes are a filter or an error; a filter printed and read again is the same.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "query/dialect.h"
#include "query/filter.h"
#include "query/filter_sql.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::query;
  const std::string text(data, data + size);
  const auto filter = parse_filter(text);
  if (!filter) {
    CHECK(filter.error().position <= text.size());
    CHECK(!filter.error().show(text).empty());
    return 0;
  }
  CHECK(!filter_sql(*filter, duckdb_dialect()).empty());
  const std::string printed = to_string(*filter);
  if (printed.size() > kMaxFilterBytes) return 0;  // the canonical form is longer than what was typed
  const auto again = parse_filter(printed);
  CHECK(again.has_value());
  CHECK(*again == *filter);
  return 0;
}
