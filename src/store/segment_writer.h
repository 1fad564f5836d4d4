// Writes one Parquet file. The seam where another writer can take DuckDB's place.
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

class SegmentWriter {
 public:
  virtual ~SegmentWriter() = default;
  // Writes all rows of `batches` (one or more, of one schema), in order, to `path` (which must not exist) and syncs it
  // to the disk. Sparse columns that are null in every row are left out. On failure nothing is left behind. One thread.
  virtual Result<SegmentStats> write(const std::filesystem::path& path, std::span<const flow::SealedBatch> batches) = 0;
};

// The columns of a file with these batches: all of their schema (which must be one), but sparse ones only if a row has
// a value.
std::vector<flow::ColumnIndex> columns_to_write(std::span<const flow::SealedBatch> batches);

// The writer of this program (parquet/).
std::unique_ptr<SegmentWriter> make_parquet_writer();

// The writer on libduckdb (COPY from a table function): what tests and benchmarks compare with. threads: how many
// DuckDB may use.
Result<std::unique_ptr<SegmentWriter>> make_duckdb_writer(unsigned threads = 1);

}  // namespace weir::store
