#include "query/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "duck/duck.h"
#include "query/functions.h"
#include "store/parquet_types.h"

namespace weir::query {
namespace {

std::string read_parquet(const std::string& files) {
  return fmt::format("read_parquet([{}], union_by_name = true, hive_partitioning = false)", files);
}

// The reason without the statement, which DuckDB puts below it.
std::string first_line(const std::string& message) { return message.substr(0, message.find('\n')); }

// Runs `query`, with {} for the file, on each file that is there; what fails is unreadable.
std::vector<store::LeftOut> failing(std::span<const store::Segment> segments, std::string_view query) {
  std::vector<store::LeftOut> unreadable;
  std::optional<duck::Session> session;
  for (const store::Segment& segment : segments) {
    if (!session) {
      auto opened = duck::Session::open();
      if (!opened) break;
      session.emplace(std::move(*opened));
    }
    const duck::Result<> read =
        session->connection.run(fmt::format(fmt::runtime(query), read_parquet(duck::quote(segment.path.string()))));
    std::error_code error;
    if (read || !std::filesystem::exists(segment.path, error)) continue;
    unreadable.push_back({segment.path, first_line(read.error().message)});
    session.reset();  // an internal error makes a database unusable
  }
  return unreadable;
}

}  // namespace

// The empty relation comes first: BY NAME takes the columns and their order from it.
std::string scan_sql(const flow::Schema& schema, std::span<const store::Segment> segments) {
  std::string columns;
  for (const flow::ColumnInfo& column : schema.columns()) {
    columns += fmt::format("{}NULL::{} AS {}", columns.empty() ? "" : ", ", store::sql_type(column.type),
                           duck::quote_name(column.name));
  }
  std::string sql = fmt::format("SELECT {} WHERE false", columns);
  if (segments.empty()) return sql;
  return fmt::format("{} UNION ALL BY NAME SELECT * FROM {}", sql, files_sql(segments));
}

std::string files_sql(std::span<const store::Segment> segments) {
  std::string files;
  for (const store::Segment& segment : segments) {
    files += fmt::format("{}{}", files.empty() ? "" : ", ", duck::quote(segment.path.string()));
  }
  return read_parquet(files);
}

bool may_be_a_file(const duck::Error& failure) {
  // What our own functions refuse has the same kind as a damaged file.
  if (failure.message.find(kNotAnAddress) != std::string::npos) return false;
  return failure.kind != duck::ErrorKind::statement && failure.kind != duck::ErrorKind::interrupted;
}

std::vector<store::LeftOut> find_unreadable(std::span<const store::Segment> segments, const std::string& message) {
  std::vector<store::Segment> named;
  for (const store::Segment& segment : segments) {
    if (message.find(segment.path.filename().string()) != std::string::npos) named.push_back(segment);
  }
  constexpr std::string_view kFooter = "SELECT * FROM {} LIMIT 0";
  constexpr std::string_view kEverything = "SELECT count(COLUMNS(*)) FROM {}";
  std::vector<store::LeftOut> unreadable = failing(segments, kFooter);
  if (unreadable.empty()) unreadable = failing(named, kEverything);
  if (unreadable.empty()) unreadable = failing(segments, kEverything);
  return unreadable;
}

}  // namespace weir::query
