// Which rows of which batches make the pages of a row group.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "flow/batch.h"

namespace weir::store::parquet {

inline constexpr size_t kPageRows = flow::FlowBatch::kDefaultCapacity;  // at most
// At most: what readers take in one go, and what they can skip by bounds and Bloom filters.
inline constexpr size_t kGroupRows = 4 * kPageRows;

inline constexpr size_t kMostEntries = 65536;  // of a dictionary: an index has 16 bits

// Of text in a page of several batches; one batch has about as much at most (BatchBuilder::kMaxTextBytes).
inline constexpr size_t kPageText = size_t{64} << 20;

// Rows [first, first + rows) of a batch.
struct Slice {
  const flow::FlowBatch* batch;
  size_t first;
  size_t rows;
};

// The rows of one page, in order.
struct PageRows {
  std::vector<Slice> slices;
  size_t rows = 0;
};

struct GroupRows {
  std::vector<PageRows> pages;
  size_t rows = 0;
};

// Cuts batches into row groups. A batch is divided only if it is longer than a page: columns without nulls are then
// encoded from where they lie.
std::vector<GroupRows> plan_groups(std::span<const flow::SealedBatch> batches);

}  // namespace weir::store::parquet
