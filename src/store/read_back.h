// What DuckDB reads from a file, compared with the batches that were written: for tests of writers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "duck/duck.h"
#include "flow/batch.h"
#include "store/parquet_types.h"

namespace weir::store {

namespace detail {

// Calls with the value of a row in the batch and what DuckDB has in its place; neither of them null.
template <class Use>
auto with_both(const flow::FlowBatch& batch, flow::ColumnIndex column, size_t row, const duck::Chunk& chunk,
               size_t chunk_column, size_t chunk_row, const Use& use) {
  const auto both = [&](auto type) {
    using T = decltype(type);
    return use(static_cast<const T*>(batch.raw(column))[row], chunk.value<T>(chunk_column, chunk_row));
  };
  switch (batch.schema()[column].type) {
    case flow::ColumnType::u8:
      return both(uint8_t{});
    case flow::ColumnType::u16:
      return both(uint16_t{});
    case flow::ColumnType::u32:
      return both(uint32_t{});
    case flow::ColumnType::timestamp:
      return both(int64_t{});
    case flow::ColumnType::u64:
    case flow::ColumnType::mac:
    case flow::ColumnType::f64:  // by its bits: a NaN equals itself, -0.0 is not 0.0
      return both(uint64_t{});
    case flow::ColumnType::address:
      return use(static_cast<const IpAddress*>(batch.raw(column))[row], chunk.uuid(chunk_column, chunk_row));
    case flow::ColumnType::text:
      return use(batch.text(static_cast<const flow::TextRef*>(batch.raw(column))[row]),
                 chunk.text(chunk_column, chunk_row));
  }
  CHECK(false);
  return both(uint8_t{});
}

inline std::string shown(uint64_t value) { return std::to_string(value); }
inline std::string shown(const IpAddress& address) { return address.to_string(); }
inline std::string shown(std::string_view text) { return std::string(text); }

}  // namespace detail

// Says what differs first; nothing if the file has these columns of the batches under their types, and all of their
// rows in order.
inline std::optional<std::string> difference(duck::Connection& connection, const std::filesystem::path& path,
                                             std::span<const flow::SealedBatch> batches,
                                             std::span<const flow::ColumnIndex> columns) {
  auto rows = connection.query(
      fmt::format("SELECT * FROM read_parquet({}, hive_partitioning = false)", duck::quote(path.string())));
  if (!rows) return rows.error().message;
  const flow::Schema& schema = batches.front()->schema();
  if (rows->columns().size() != columns.size())
    return fmt::format("{} columns instead of {}", rows->columns().size(), columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const duck::ColumnInfo& found = rows->columns()[i];
    if (found.name != schema[columns[i]].name || found.type != duck_type(schema[columns[i]].type))
      return fmt::format("column {} has type {} instead of that of {}", found.name, static_cast<int>(found.type),
                         schema[columns[i]].name);
  }
  size_t b = 0;
  size_t at = 0;
  while (true) {
    const auto chunk = rows->next();
    if (!chunk) return chunk.error().message;
    if (!*chunk) break;
    for (size_t row = 0; row < (*chunk)->rows(); ++row, ++at) {
      while (b < batches.size() && at == batches[b]->rows()) ++b, at = 0;
      if (b == batches.size()) return "more rows than were written";
      for (size_t i = 0; i < columns.size(); ++i) {
        const bool null = !batches[b]->is_valid(columns[i], at);
        const auto where = [&] { return fmt::format("{} of row {} of batch {}", schema[columns[i]].name, at, b); };
        if ((*chunk)->is_null(i, row) != null) return fmt::format("{} is {}null", where(), null ? "not " : "");
        if (null) continue;
        const auto compare = [](const auto& want, const auto& got) { return want == got; };
        if (detail::with_both(*batches[b], columns[i], at, **chunk, i, row, compare)) continue;
        return detail::with_both(*batches[b], columns[i], at, **chunk, i, row, [&](const auto& want, const auto& got) {
          return fmt::format("{} is {} instead of {}", where(), detail::shown(got), detail::shown(want));
        });
      }
    }
  }
  while (b < batches.size() && at == batches[b]->rows()) ++b, at = 0;
  if (b < batches.size()) return fmt::format("the file ends before row {} of batch {}", at, b);
  return std::nullopt;
}

}  // namespace weir::store
