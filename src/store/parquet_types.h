// The types of columns in a segment, as DuckDB's types.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "duck/duck.h"
#include "flow/columns.gen.h"

namespace weir::store {

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

}  // namespace weir::store
