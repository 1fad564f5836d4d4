#include "query/stored_columns.h"

#include <algorithm>

#include "flow/schema.h"
#include "query/scan.h"
#include "store/parquet_types.h"
#include "store/segments.h"

namespace weir::query {
namespace {

Result<std::vector<duck::ColumnInfo>> describe(std::span<const store::Segment> segments) {
  if (segments.empty()) return std::vector<duck::ColumnInfo>{};
  auto session = TRY(duck::Session::open());
  return TRY(session.connection.describe("SELECT * FROM " + files_sql(segments))).columns;
}

// What cannot be read, or is gone, is left out.
std::vector<duck::ColumnInfo> columns_of(store::Surveyor& surveyor, const Window& window) {
  const auto survey = surveyor.survey(flow::Table::flows, window.from, window.to);
  if (!survey) return {};
  const std::vector<store::Segment>* segments = &survey->segments;
  auto columns = describe(*segments);
  if (columns) return *std::move(columns);
  const std::vector<store::LeftOut> unreadable = find_unreadable(*segments, columns.error().message);
  std::vector<store::Segment> readable;
  for (const store::Segment& segment : *segments) {
    std::error_code error;
    const bool bad = std::ranges::find(unreadable, segment.path, &store::LeftOut::path) != unreadable.end();
    if (!bad && std::filesystem::exists(segment.path, error)) readable.push_back(segment);
  }
  return describe(readable).value_or(std::vector<duck::ColumnInfo>{});
}

}  // namespace

const std::vector<duck::ColumnInfo>& StoredColumns::columns() {
  if (!columns_) columns_ = columns_of(*surveyor_, window_);
  return *columns_;
}

std::vector<std::string> StoredColumns::names() {
  std::vector<std::string> names;
  for (const flow::ColumnInfo& column : flow::kColumns) {
    const bool there = std::ranges::find(columns(), column.name, &duck::ColumnInfo::name) != columns().end();
    if (there || !column.sparse) names.emplace_back(column.name);
  }
  for (const duck::ColumnInfo& column : columns()) {
    if (!flow::Schema::flows()->find(column.name)) names.push_back(column.name);
  }
  return names;
}

MoreColumns StoredColumns::more() {
  return [this](std::string_view name) -> std::optional<flow::ColumnType> {
    using flow::ColumnType;
    const auto found = std::ranges::find(columns(), name, &duck::ColumnInfo::name);
    if (found == columns().end()) return std::nullopt;
    for (const ColumnType type : {ColumnType::u8, ColumnType::u16, ColumnType::u32, ColumnType::u64,
                                  ColumnType::address, ColumnType::timestamp, ColumnType::f64}) {
      if (store::duck_type(type) == found->type) return type;
    }
    return ColumnType::text;
  };
}

}  // namespace weir::query
