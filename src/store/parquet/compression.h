// The codecs of pages, and their checksum. One Compressor is used by one thread and keeps its memory.
#pragma once

#include <cstdint>
#include <memory>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {

// Parquet's numbers.
enum class Codec : uint8_t { uncompressed = 0, zstd = 6, lz4_raw = 7 };

class Compressor {
 public:
  Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // Appends `bytes`, compressed (zstd: level 1); returns how many octets that were.
  size_t compress(Codec codec, ByteView bytes, Buffer& out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// CRC-32 as gzip has it; `crc` is that of what comes before.
uint32_t crc32(ByteView bytes, uint32_t crc = 0);

}  // namespace weir::store::parquet
