// One checksum over a whole segment, in its footer under the key `weir.crc32`: page checksums leave out headers,
// indexes, Bloom filters and the footer itself.
//
//   16 hexadecimal digits: CRC-32 of all octets before the footer, then CRC-32 of the footer with these digits as zeros
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::store::parquet {

inline constexpr std::string_view kChecksumKey = "weir.crc32";
inline constexpr std::string_view kNoChecksum = "0000000000000000";

std::string checksum_text(uint32_t before_footer, uint32_t footer);

// Reads a whole file. Fails if it is damaged anywhere, or cannot be read. True if its checksum was right, false if it
// has none, as another program wrote it.
Result<bool> verify_file(const std::filesystem::path& path);

}  // namespace weir::store::parquet
