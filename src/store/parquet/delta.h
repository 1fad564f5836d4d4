// DELTA_BINARY_PACKED: the differences of neighbours, in blocks of 128 of which each quarter has its own width. For
// numbers that rise slowly or lie close together.
#pragma once

#include <cstdint>
#include <span>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {

// T: int32_t or int64_t, the physical type of the column; differences wrap around as the format wants it.
template <class T>
void encode_delta(std::span<const T> values, Buffer& out);

extern template void encode_delta(std::span<const int32_t>, Buffer&);
extern template void encode_delta(std::span<const int64_t>, Buffer&);

}  // namespace weir::store::parquet
