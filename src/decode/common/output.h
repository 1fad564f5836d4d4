// Where records go: rows, or, for inspection, a sink. One of the two is set.
#pragma once

#include "decode/common/record_view.h"
#include "flow/batch_builder.h"

namespace weir::decode {

struct Output {
  flow::TableBuilders* rows = nullptr;
  RecordSink* sink = nullptr;
};

}  // namespace weir::decode
