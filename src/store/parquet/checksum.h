// One checksum over a whole segment, in its footer under the key `weir.crc32`: page checksums leave out headers,
// indexes, Bloom filters and the footer itself.
//
//   16 hexadecimal digits: CRC-32 of all bytes before the footer, then CRC-32 of the footer with these digits as zeros
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::store::parquet {

inline constexpr std::string_view kChecksumKey = "weir.crc32";
inline constexpr std::string_view kNoChecksum = "0000000000000000";

std::string checksum_text(uint32_t before_footer, uint32_t footer);

enum class Wholeness : uint8_t {
  whole,
  damaged,
  unknown,  // it has no checksum: another program wrote it
};
struct Verdict {
  Wholeness wholeness = Wholeness::unknown;
  std::string reason;           // of a damaged one: "its footer ..."
  std::vector<uint8_t> footer;  // of a whole one, its checksum as zeros
};

// Is told how many bytes were read next; false ends the reading.
using ReadPace = std::function<bool(size_t)>;

// Reads a whole file. Fails only if it cannot be read, or if `pace` ends it.
Result<Verdict> verify_file(const std::filesystem::path& path, const ReadPace& pace = {});

}  // namespace weir::store::parquet
