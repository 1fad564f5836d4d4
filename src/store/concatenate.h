// Merging without decoding: row groups are copied as they are, byte for byte, and only the offsets in the footer
// change. That goes if our own writer wrote all files and their row groups are as large as readers want them. So a busy
// collector pays for each row once, when it is flushed.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>

#include "store/merge.h"
#include "store/parquet/row_group.h"

namespace weir::store {

// Row groups that are smaller on average, by both, are not worth keeping.
struct LargeGroup {
  uint64_t rows = parquet::kPageRows;
  uint64_t bytes = uint64_t{32} << 20;  // not compressed; of usual rows a group has some 10 MiB

  static LargeGroup any() { return {0, 0}; }
};

// As merge_files; marks: what the footer says of a journal. False, with nothing written, if these inputs have to be read and written anew.
std::expected<bool, MergeError> concatenate_files(const flow::Schema& schema, std::span<const Segment> inputs,
                                                  const std::filesystem::path& path, const flow::Marks& marks = {},
                                                  const LargeGroup& large = {});

}  // namespace weir::store
