// The hot loops: one column of many records at once, with widths known to the compiler. A kernel fills all rows and
// says whether every value was in order; if one was not, the caller does the same rows again by
// decode/template/convert.h, value by value.
#pragma once

#include <cstdint>

#include "decode/template/convert.h"
#include "decode/template/records.h"

namespace weir::decode {

// Fills rows [first, first + in.size()) of a column's memory with the field at `position` of each record. False: at
// least one value has no place in the column, or stands for "not known"; what was written means nothing.
template <class Records>
using Kernel = bool (*)(const Records& in, size_t position, const TimeBase& time, void* column, size_t first);

// nullptr if there is no fast loop for this. most: the largest value.
template <class Records>
Kernel<Records> find_kernel(flow::Conversion conversion, flow::ColumnType type, size_t width, uint64_t most);

extern template Kernel<OneRecord> find_kernel(flow::Conversion, flow::ColumnType, size_t, uint64_t);
extern template Kernel<FixedRecords> find_kernel(flow::Conversion, flow::ColumnType, size_t, uint64_t);
extern template Kernel<GatheredRecords> find_kernel(flow::Conversion, flow::ColumnType, size_t, uint64_t);

}  // namespace weir::decode
