// The hot loops: one column of many records at once, with widths known to the compiler. A kernel fills all rows and
// says whether every value was in order; if one was not, the caller does the same rows again by
// decode/template/convert.h, value by value.
#pragma once

#include <array>
#include <cstdint>

#include "decode/template/convert.h"
#include "decode/template/records.h"

namespace weir::decode {

// Fills rows [first, first + in.size()) of a column's memory with the field at `position` of each record. False: at
// least one value has no place in the column, or stands for "not known"; what was written means nothing.
template <class Records>
using Kernel = bool (*)(const Records& in, size_t position, const TimeBase& time, void* column, size_t first);

// All there are, for each way in which records lie; the first is none (nullptr): value by value. Plans have the place
// of theirs: a number of one byte, as there may be hundreds of thousands of plans.
struct Kernels {
  static constexpr size_t kMost = 96;
  std::array<Kernel<OneRecord>, kMost> one{};
  std::array<Kernel<FixedRecords>, kMost> fixed{};
  std::array<Kernel<GatheredRecords>, kMost> gathered{};
};
extern const Kernels kKernels;

// Where in kKernels; 0, which is none, if there is no fast loop for this. most: the largest value.
uint8_t find_kernels(flow::Conversion conversion, flow::ColumnType type, size_t width, uint64_t most);

// The largest values of elements that define fewer values than their type holds (`most` in schema/iana_elements.csv).
inline constexpr auto kBounds = std::to_array<uint64_t>({1, 2, 3, 5, 7, 32, 63, 128, 4095, 8191, (1 << 20) - 1});

}  // namespace weir::decode
