// What fuzz targets of files make of their input: numbers, the shape of each column, and values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "store/read_back.h"
#include "store/shaped_batch.h"

namespace weir::store {

class FuzzInput {
 public:
  explicit FuzzInput(std::string_view bytes) : rest_(bytes) {}
  // 0 at the end.
  size_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  size_t two() { return byte() << 8 | byte(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The first column of each type.
inline std::vector<flow::ColumnIndex> one_of_each_type(const flow::Schema& schema) {
  std::vector<flow::ColumnIndex> columns;
  std::set<flow::ColumnType> types;
  for (size_t c = 0; c < schema.size(); ++c) {
    if (types.insert(schema[flow::ColumnIndex(c)].type).second) columns.emplace_back(c);
  }
  CHECK(columns.size() == 9);
  return columns;
}

// Five bytes for each of `columns`, the others are null. What remains of the input are values.
inline std::vector<ColumnShape> read_shapes(FuzzInput& input, const flow::Schema& schema,
                                            std::span<const flow::ColumnIndex> columns) {
  std::vector<ColumnShape> shapes(schema.size(), ColumnShape{.nulls = ColumnShape::Nulls::all});
  for (const flow::ColumnIndex column : columns) {
    ColumnShape& shape = shapes[column.value()];
    const size_t kinds = input.byte();
    shape.values = static_cast<ColumnShape::Values>(kinds % 6);
    shape.nulls = static_cast<ColumnShape::Nulls>(kinds / 6 % 5);
    shape.distinct = input.two();
    shape.seed = scrambled(input.byte()) >> (kinds >= 128 ? 0 : 48);
    shape.text_bytes = input.byte();
  }
  for (const flow::ColumnIndex column : columns) shapes[column.value()].given = input.rest();
  return shapes;
}

// Ends the program where DuckDB does not read back these batches.
inline void expect_read_back(duck::Connection& connection, const std::filesystem::path& path,
                             std::span<const flow::SealedBatch> batches, std::span<const flow::ColumnIndex> columns) {
  if (const auto different = difference(connection, path, batches, columns)) {
    fmt::print(stderr, "{}\n", *different);
    CHECK(false);
  }
}

}  // namespace weir::store
