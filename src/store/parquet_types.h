// The columns of a segment as DuckDB types, and how its COPY writes them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/columns.gen.h"
#include "store/duck.h"
#include "store/segment_writer.h"

namespace weir::store {

// The target is always a new name of ours: DuckDB's own way through a temporary file is not wanted.
inline constexpr std::string_view kCopyOptions =
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, USE_TMP_FILE false";

constexpr duckdb_type duck_type(flow::ColumnType type) {
  switch (type) {
    case flow::ColumnType::u8:
      return DUCKDB_TYPE_UTINYINT;
    case flow::ColumnType::u16:
      return DUCKDB_TYPE_USMALLINT;
    case flow::ColumnType::u32:
      return DUCKDB_TYPE_UINTEGER;
    case flow::ColumnType::u64:
    case flow::ColumnType::mac:
      return DUCKDB_TYPE_UBIGINT;
    case flow::ColumnType::address:
      return DUCKDB_TYPE_UUID;
    case flow::ColumnType::timestamp:
      return DUCKDB_TYPE_TIMESTAMP;
    case flow::ColumnType::f64:
      return DUCKDB_TYPE_DOUBLE;
    case flow::ColumnType::text:
      return DUCKDB_TYPE_VARCHAR;
  }
  return DUCKDB_TYPE_INVALID;
}

// The other way round; nothing for a type that no column has.
constexpr std::optional<flow::ColumnType> column_type(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_UTINYINT:
      return flow::ColumnType::u8;
    case DUCKDB_TYPE_USMALLINT:
      return flow::ColumnType::u16;
    case DUCKDB_TYPE_UINTEGER:
      return flow::ColumnType::u32;
    case DUCKDB_TYPE_UBIGINT:
      return flow::ColumnType::u64;
    case DUCKDB_TYPE_UUID:
      return flow::ColumnType::address;
    case DUCKDB_TYPE_TIMESTAMP:
      return flow::ColumnType::timestamp;
    case DUCKDB_TYPE_DOUBLE:
      return flow::ColumnType::f64;
    case DUCKDB_TYPE_VARCHAR:
      return flow::ColumnType::text;
    default:
      return std::nullopt;
  }
}

// The same in SQL.
constexpr std::string_view sql_type(flow::ColumnType type) {
  switch (type) {
    case flow::ColumnType::u8:
      return "UTINYINT";
    case flow::ColumnType::u16:
      return "USMALLINT";
    case flow::ColumnType::u32:
      return "UINTEGER";
    case flow::ColumnType::u64:
    case flow::ColumnType::mac:
      return "UBIGINT";
    case flow::ColumnType::address:
      return "UUID";
    case flow::ColumnType::timestamp:
      return "TIMESTAMP";
    case flow::ColumnType::f64:
      return "DOUBLE";
    case flow::ColumnType::text:
      return "VARCHAR";
  }
  return "";
}

// Runs a COPY ... TO and returns how many rows it says it wrote.
Result<uint64_t> copied_rows(duck::Connection& connection, const std::string& copy);

// make_duckdb_writer with other options for COPY: for measuring them.
Result<std::unique_ptr<SegmentWriter>> make_duckdb_writer_with(unsigned threads, std::string copy_options);

}  // namespace weir::store
