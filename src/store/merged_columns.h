// Which columns a merged segment has.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "duck/duck.h"
#include "flow/schema.h"

namespace weir::store {

// The columns of a merged file, in their order, and how SQL reads each from the inputs.
struct MergedColumns {
  flow::SchemaPtr schema;                  // none if an input has a column of a type that is none of ours
  std::vector<flow::ColumnIndex> columns;  // of the schema
  std::string select_list;
};

// Every column of this version under its type, null where the inputs are older, sparse ones only if an input has them;
// then what the inputs have beyond (configured columns among it).
Result<MergedColumns> merged_columns(const flow::Schema& schema, std::span<const duck::ColumnInfo> present);

}  // namespace weir::store
