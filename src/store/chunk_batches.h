// The rows of a query as batches: from DuckDB's columns back to ours.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "duck/duck.h"
#include "flow/batch.h"

namespace weir::store {

class ChunkBatches {
 public:
  // columns: of the schema, those that the query gives, in its order and under their types (duck_type).
  ChunkBatches(duck::Rows rows, flow::SchemaPtr schema, std::vector<flow::ColumnIndex> columns)
      : rows_(std::move(rows)), schema_(std::move(schema)), columns_(std::move(columns)) {}

  // Up to `count` batches, full ones but for the last, fewer where texts are long; none at the end. Good until the next
  // call.
  duck::Result<std::span<const flow::SealedBatch>> next(size_t count);

 private:
  std::shared_ptr<flow::FlowBatch> empty_batch();
  void append(const duck::Chunk& chunk, flow::FlowBatch& batch) const;

  duck::Rows rows_;
  flow::SchemaPtr schema_;
  std::vector<flow::ColumnIndex> columns_;
  std::optional<duck::Chunk> waiting_;  // did not fit into the last batch
  bool ended_ = false;                  // nothing may be asked of `rows_` any more
  std::vector<flow::SealedBatch> batches_;
  std::vector<std::shared_ptr<flow::FlowBatch>> memory_;  // all that were made
};

}  // namespace weir::store
