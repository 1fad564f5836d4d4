// The codecs of pages, and their checksum. One Compressor is used by one thread and keeps its memory.
#pragma once

#include <cstdint>
#include <memory>

#include "store/parquet/buffer.h"
#include "store/parquet/neighbour_matches.h"

namespace weir::store::parquet {

// Parquet's numbers.
enum class Codec : uint8_t { uncompressed = 0, zstd = 6, lz4_raw = 7 };

// What zstd may do: just put the bytes into a frame, which costs next to nothing; give frequent bytes short codes,
// but look for no repetitions; take it that values repeat parts of the one before (neighbour_matches.h); look for
// repetitions (level 1).
enum class Effort : uint8_t { store, codes, neighbours, search };

class Compressor {
 public:
  Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // Appends `bytes`, compressed; returns how many bytes that were. The effort is for zstd alone, the layout
  // for its `neighbours`.
  size_t compress(Codec codec, Effort effort, ByteView bytes, Buffer& out, ValueLayout layout = {});

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// CRC-32 as gzip has it; `crc` is that of what comes before.
uint32_t crc32(ByteView bytes, uint32_t crc = 0);

}  // namespace weir::store::parquet
