#include "query/rows.h"

#include <fmt/format.h>

#include <functional>

namespace weir::query {
namespace {

enum class Shape : uint8_t { plain, json, number, text };

// How a column of a type is made readable.
Shape shape_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_VARCHAR:
      return Shape::plain;
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_MAP:
      return Shape::json;
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_UHUGEINT:
      return Shape::number;
    default:
      return Shape::text;
  }
}

bool is_number(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_VARCHAR:
      return false;
    default:
      return shape_of(type) == Shape::plain || shape_of(type) == Shape::number;
  }
}

bool is_timestamp(duckdb_type type) {
  return type == DUCKDB_TYPE_TIMESTAMP_S || type == DUCKDB_TYPE_TIMESTAMP_MS || type == DUCKDB_TYPE_TIMESTAMP_NS;
}

// Columns of MAC addresses are plain numbers in the store: their name tells.
bool is_mac(const duck::ColumnInfo& column) {
  return column.type == DUCKDB_TYPE_UBIGINT && (column.name == "mac" || column.name.ends_with("_mac"));
}

// Reads one value of a column that is not null.
using Reader = std::function<Value(const duck::Chunk&, size_t column, size_t row)>;

template <class Stored, class Wide>
Reader integer_reader() {
  return
      [](const duck::Chunk& chunk, size_t column, size_t row) { return Value(Wide{chunk.value<Stored>(column, row)}); };
}

Value read_text(const duck::Chunk& chunk, size_t column, size_t row) { return std::string(chunk.text(column, row)); }

Value read_hugeint(const duck::Chunk& chunk, size_t column, size_t row) {
  const duckdb_hugeint stored = chunk.value<duckdb_hugeint>(column, row);
  return static_cast<Int128>(stored.upper) * (static_cast<Int128>(1) << 64) + static_cast<Int128>(stored.lower);
}

Reader reader_of(const duck::ColumnInfo& column) {
  switch (shape_of(column.type)) {
    case Shape::json:
      return [](const duck::Chunk& c, size_t i, size_t row) { return Value(JsonText{std::string(c.text(i, row))}); };
    case Shape::number:
      return [](const duck::Chunk& c, size_t i, size_t row) { return Value(NumberText{std::string(c.text(i, row))}); };
    case Shape::text:
      if (!is_timestamp(column.type)) return read_text;
      break;
    case Shape::plain:
      break;
  }
  switch (column.type) {
    case DUCKDB_TYPE_BOOLEAN:
      return [](const duck::Chunk& c, size_t i, size_t row) { return Value(c.value<bool>(i, row)); };
    case DUCKDB_TYPE_TINYINT:
      return integer_reader<int8_t, int64_t>();
    case DUCKDB_TYPE_SMALLINT:
      return integer_reader<int16_t, int64_t>();
    case DUCKDB_TYPE_INTEGER:
      return integer_reader<int32_t, int64_t>();
    case DUCKDB_TYPE_BIGINT:
      return integer_reader<int64_t, int64_t>();
    case DUCKDB_TYPE_UTINYINT:
      return integer_reader<uint8_t, uint64_t>();
    case DUCKDB_TYPE_USMALLINT:
      return integer_reader<uint16_t, uint64_t>();
    case DUCKDB_TYPE_UINTEGER:
      return integer_reader<uint32_t, uint64_t>();
    case DUCKDB_TYPE_UBIGINT:
      if (is_mac(column)) {
        return [](const duck::Chunk& c, size_t i, size_t row) { return Value(Mac{c.value<uint64_t>(i, row)}); };
      }
      return integer_reader<uint64_t, uint64_t>();
    case DUCKDB_TYPE_HUGEINT:
      return read_hugeint;
    case DUCKDB_TYPE_FLOAT:
      return integer_reader<float, double>();
    case DUCKDB_TYPE_DOUBLE:
      return integer_reader<double, double>();
    case DUCKDB_TYPE_UUID:
      return [](const duck::Chunk& c, size_t i, size_t row) { return Value(c.uuid(i, row)); };
    case DUCKDB_TYPE_VARCHAR:
      return read_text;
    default:
      return [](const duck::Chunk& c, size_t i, size_t row) { return Value(c.timestamp(i, row)); };
  }
}

}  // namespace

std::string readable_expression(duckdb_type type, const std::string& quoted_name) {
  switch (shape_of(type)) {
    case Shape::plain:
      return {};
    case Shape::json:
      return fmt::format("CAST(to_json({}) AS VARCHAR)", quoted_name);
    case Shape::number:
      return fmt::format("CAST({} AS VARCHAR)", quoted_name);
    case Shape::text:
      return fmt::format("CAST({} AS {})", quoted_name, is_timestamp(type) ? "TIMESTAMP" : "VARCHAR");
  }
  return {};
}

namespace {

// `sql` with the columns for which `expression_of` gives another expression; as it is if there is none.
template <class ExpressionOf>
std::string statement_around(const std::string& sql, const std::vector<duck::ColumnInfo>& columns,
                             ExpressionOf expression_of) {
  std::string names;
  std::string expressions;
  bool needed = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    // Columns by position: names may be there twice.
    const std::string name = fmt::format("c{}", i);
    const std::string expression = expression_of(columns[i].type, name);
    needed = needed || !expression.empty();
    names += fmt::format("{}{}", i > 0 ? ", " : "", name);
    expressions += fmt::format("{}{} AS {}", i > 0 ? ", " : "", expression.empty() ? name : expression,
                               duck::quote_name(columns[i].name));
  }
  return needed ? fmt::format("SELECT {} FROM (\n{}\n) AS statement({})", expressions, sql, names) : sql;
}

}  // namespace

std::string readable_statement(const std::string& sql, const std::vector<duck::ColumnInfo>& columns) {
  return statement_around(sql, columns, readable_expression);
}

std::string text_addresses_statement(const std::string& sql, const std::vector<duck::ColumnInfo>& columns) {
  return statement_around(sql, columns, [](duckdb_type type, const std::string& name) {
    return type == DUCKDB_TYPE_UUID ? fmt::format("ip_text({})", name) : std::string();
  });
}

duck::Result<> rows_to(duck::Rows& rows, const std::vector<duck::ColumnInfo>& types, RowSink& sink, bool& begun) {
  std::vector<ResultColumn> columns;
  std::vector<Reader> readers;
  for (const duck::ColumnInfo& column : types) {
    const bool text = column.type == DUCKDB_TYPE_VARCHAR || shape_of(column.type) == Shape::json;
    columns.push_back({.name = column.name,
                       .number = is_number(column.type) && !is_mac(column),
                       .whole = !text,
                       .lines = column.name == "explain_value"});
    readers.push_back(reader_of(column));
  }
  std::vector<Value> values(columns.size());
  while (true) {
    // The first rows are fetched before the sink hears of anything: until then the question can be asked again.
    const std::optional<duck::Chunk> chunk = TRY(rows.next());
    if (!begun) {
      begun = true;
      TRY(sink.begin(columns));
    }
    if (!chunk) {
      TRY(sink.end());
      return {};
    }
    for (size_t row = 0; row < chunk->rows(); ++row) {
      for (size_t i = 0; i < values.size(); ++i) {
        if (chunk->is_null(i, row))
          values[i] = std::monostate{};
        else
          values[i] = readers[i](*chunk, i, row);
      }
      TRY(sink.row(values));
    }
  }
}

}  // namespace weir::query
