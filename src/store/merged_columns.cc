#include "store/merged_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/parquet_types.h"

namespace weir::store {

Result<MergedColumns> merged_columns(const flow::Schema& schema, std::span<const duck::ColumnInfo> present) {
  MergedColumns merged;
  const auto add = [&](size_t index, std::string sql) {
    merged.columns.emplace_back(index);
    merged.select_list += (merged.select_list.empty() ? "" : ", ") + sql;
  };
  for (size_t c = 0; c < schema.size(); ++c) {
    const flow::ColumnInfo& column = schema[flow::ColumnIndex(c)];
    const bool found = std::ranges::find(present, column.name, &duck::ColumnInfo::name) != present.end();
    if (!found && column.sparse) continue;
    const std::string name = duck::quote_name(column.name);
    add(c, fmt::format("{}::{} AS {}", found ? name : "NULL", sql_type(column.type), name));
  }
  std::vector<flow::NamedColumn> others;
  bool known_types = true;
  for (const duck::ColumnInfo& column : present) {
    if (schema.find(column.name)) continue;
    const auto type = column_type(column.type);
    known_types = known_types && type;
    add(schema.size() + others.size(), duck::quote_name(column.name));
    others.push_back({column.name, type.value_or(flow::ColumnType::text)});
  }
  if (!known_types) return merged;
  merged.schema = TRY(flow::Schema::extended(schema, others));
  return merged;
}

}  // namespace weir::store
