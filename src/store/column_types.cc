// Whether configured columns go with what a store already holds.
#include <fmt/format.h>

#include "base/log.h"
#include "duck/duck.h"
#include "store/layout.h"
#include "store/maintenance.h"
#include "store/parquet_types.h"
#include "store/store.h"

namespace weir::store {
namespace {

std::string file_list(const std::vector<Segment>& segments) {
  std::string list;
  for (const Segment& s : segments) list += fmt::format("{}{}", list.empty() ? "" : ", ", duck::quote(s.path.string()));
  return "[" + list + "]";
}

// Each type under which a file has one of the columns, as (name, DuckDB's type, a file that has it).
std::string types_sql(const std::vector<Segment>& segments, std::span<const flow::ColumnInfo> columns) {
  std::string names;
  for (const flow::ColumnInfo& column : columns)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", duck::quote(column.name));
  return fmt::format(
      "SELECT name, duckdb_type, min(file_name) FROM parquet_schema({}) WHERE name IN ({}) GROUP BY ALL ORDER BY ALL",
      file_list(segments), names);
}

}  // namespace

Result<> check_types(const std::filesystem::path& directory, const flow::Schema& schema) {
  const std::span<const flow::ColumnInfo> configured = schema.columns().subspan(flow::kColumnCount);
  if (configured.empty() || !std::filesystem::is_directory(table_folder(directory, flow::Table::flows))) return {};
  const std::vector<Segment> segments = TRY(list_segments(directory));
  if (segments.empty()) return {};
  auto session = TRY(duck::Session::open({.memory_bytes = kMergeMemoryBytes}));
  auto rows = session.connection.query(types_sql(segments, configured));
  if (!rows) {
    // A damaged segment is for maintenance to set aside.
    log::warn("cannot compare the types of configured columns with those of the store: {}", rows.error().message);
    return {};
  }
  while (const auto chunk = TRY(rows->next())) {
    for (size_t row = 0; row < chunk->rows(); ++row) {
      const flow::ColumnInfo& column = schema[schema.find(chunk->text(0, row)).value()];
      const std::string_view found = chunk->text(1, row);
      if (found == sql_type(column.type)) continue;
      return fail("columns.type: {} is {} in {}, it cannot become {}: choose another name for the column", column.name,
                  found, chunk->text(2, row), sql_type(column.type));
    }
  }
  return {};
}

}  // namespace weir::store
