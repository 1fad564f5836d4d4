// Integers in as few bits as they need: Parquet's bit packing, and its hybrid of bit packing and run lengths. The
// hybrid is a list of runs, each either one value and how often it comes, or values in a multiple of eight, packed side
// by side. Runs of 64 equal values or more become the first kind.
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {

// Bits that `value` needs; 0 for 0.
inline unsigned bit_width(uint64_t value) { return static_cast<unsigned>(std::bit_width(value)); }

// Appends values of `width` bits each (0 to 64), the first in the lowest bits, the last byte filled up with zeros.
// No value may need more bits.
void pack_bits(std::span<const uint64_t> values, unsigned width, Buffer& out);

// The hybrid of run lengths and bit packing (RLE = 3, the indexes of RLE_DICTIONARY = 8), without the length or the
// width that some places put before it. width: 1 to 16.
void encode_hybrid(std::span<const uint16_t> values, unsigned width, Buffer& out);

// The hybrid's one run of `count` values that are all the same.
void encode_run(uint16_t value, size_t count, unsigned width, Buffer& out);

// Definition levels of a column that may be null, one bit a row: bit r % 64 of word r / 64. The words may hold more.
void encode_levels(std::span<const uint64_t> validity, size_t rows, Buffer& out);

}  // namespace weir::store::parquet
