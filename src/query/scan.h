// The relation `flows` over a list of segments, and what to do when one of them is damaged.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "duck/error.h"
#include "flow/schema.h"
#include "query/engine.h"
#include "store/segments.h"

namespace weir::query {

// A SELECT with every column of the schema in its order and type, also where no segment has it (or there is none); then
// what else the segments have.
std::string scan_sql(const flow::Schema& schema, std::span<const store::Segment> segments);

// read_parquet over segments (at least one): the columns that they have.
std::string files_sql(std::span<const store::Segment> segments);

// Whether a failure may come from a file rather than from the statement.
bool may_be_a_file(const duck::Error& failure);

// Those of the segments that cannot be read, with the reason. Tries their footers first; only if all are sound, and the
// message does not name one of them, everything inside.
std::vector<store::LeftOut> find_unreadable(std::span<const store::Segment> segments, const std::string& message);

}  // namespace weir::query
