// Writes one Parquet file. The store has one writer (parquet/); tests put others in its place, which fail, or wait, or
// write with DuckDB.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "flow/batch.h"

namespace weir::store {

struct SegmentStats {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

namespace parquet {
struct EncodedRows;
}

// Rows that wait for their file: as batches, or as what their writer has made of them ahead.
struct PreparedRows {
  std::vector<flow::SealedBatch> batches;
  std::shared_ptr<const parquet::EncodedRows> encoded;
  flow::Marks marks{};  // of what is encoded
};

// One thread.
class SegmentWriter {
 public:
  virtual ~SegmentWriter() = default;
  // Does what can be done before there is a file, so that the batches are free again. batches: one or more, of one
  // schema.
  virtual PreparedRows prepare(std::vector<flow::SealedBatch> batches) { return {std::move(batches), nullptr}; }
  // Writes all rows (of one schema, prepared by this writer), in order, to `path` (which must not exist) and syncs it
  // to the disk. Sparse columns that are null in every row are left out. On failure nothing is left behind, and the
  // rows may be written again.
  virtual Result<SegmentStats> write_prepared(const std::filesystem::path& path,
                                              std::span<const PreparedRows> rows) = 0;

  Result<SegmentStats> write(const std::filesystem::path& path, std::span<const flow::SealedBatch> batches) {
    const PreparedRows rows = prepare({batches.begin(), batches.end()});
    return write_prepared(path, {&rows, 1});
  }
};

// What has not been encoded, for writers that prepare nothing.
std::vector<flow::SealedBatch> batches_of(std::span<const PreparedRows> rows);

// The columns of a file with these batches: all of their schema (which must be one), but sparse ones only if a row has
// a value.
std::vector<flow::ColumnIndex> columns_to_write(std::span<const flow::SealedBatch> batches);

// The writer of this program (parquet/).
std::unique_ptr<SegmentWriter> make_parquet_writer();

}  // namespace weir::store
