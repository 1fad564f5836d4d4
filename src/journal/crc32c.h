// CRC-32C (Castagnoli), which processors of the last fifteen years have an instruction for.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace weir::journal {

// Of `bytes` behind those that `before` is of.
uint32_t crc32c(ByteView bytes, uint32_t before = 0);
// The same by a table, for processors without the instruction.
uint32_t crc32c_by_table(ByteView bytes, uint32_t before = 0);

}  // namespace weir::journal
