#include "store/segment_writer.h"

#include <algorithm>

namespace weir::store {

std::vector<flow::SealedBatch> batches_of(std::span<const PreparedRows> rows) {
  std::vector<flow::SealedBatch> batches;
  for (const PreparedRows& part : rows) batches.insert(batches.end(), part.batches.begin(), part.batches.end());
  return batches;
}

std::vector<flow::ColumnIndex> columns_to_write(std::span<const flow::SealedBatch> batches) {
  CHECK(!batches.empty());
  const flow::Schema& schema = batches.front()->schema();
  CHECK(std::ranges::all_of(batches, [&](const flow::SealedBatch& batch) { return &batch->schema() == &schema; }));
  std::vector<flow::ColumnIndex> columns;
  for (size_t c = 0; c < schema.size(); ++c) {
    const flow::ColumnIndex column(c);
    const auto has_value = [&](const flow::SealedBatch& batch) {
      return std::ranges::any_of(batch->validity(column), [](uint64_t word) { return word != 0; });
    };
    if (!schema[column].sparse || std::ranges::any_of(batches, has_value)) columns.push_back(column);
  }
  return columns;
}

}  // namespace weir::store
