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

// As merge_files. False, with nothing written, if these inputs have to be read and written anew. rows_per_group: row
// groups that are smaller on average are not worth keeping.
std::expected<bool, MergeError> concatenate_files(const flow::Schema& schema, std::span<const Segment> inputs,
                                                  const std::filesystem::path& path,
                                                  uint64_t rows_per_group = parquet::kPageRows);

}  // namespace weir::store
