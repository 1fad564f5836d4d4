// A writer of segments on libduckdb, for tests and benchmarks: our own writer is held to the same tests, and measured
// against it.
#pragma once

#include <memory>

#include "store/segment_writer.h"

namespace weir::store {

// threads: how many DuckDB may use.
std::unique_ptr<SegmentWriter> make_duckdb_writer(unsigned threads = 1);

}  // namespace weir::store
