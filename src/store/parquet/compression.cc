#include "store/parquet/compression.h"

#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <vector>

namespace weir::store::parquet {

struct Compressor::Contexts {
  struct FreeZstd {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd{ZSTD_createCCtx()};
  std::vector<uint64_t> lz4 = std::vector<uint64_t>((static_cast<size_t>(LZ4_sizeofState()) + 7) / 8);
};

Compressor::Compressor() : contexts_(std::make_unique<Contexts>()) { CHECK(contexts_->zstd != nullptr); }
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

size_t Compressor::compress(Codec codec, Effort effort, ByteView bytes, Buffer& out) {
  const size_t before = out.size();
  switch (codec) {
    case Codec::uncompressed:
      out.append(bytes);
      break;
    case Codec::zstd: {
      // The lowest level leaves literals as they are, and finds hardly anything else.
      const int level = effort == Effort::search ? 1 : ZSTD_minCLevel();
      const std::span<uint8_t> target = out.grow(ZSTD_compressBound(bytes.size()));
      const size_t size =
          ZSTD_compressCCtx(contexts_->zstd.get(), target.data(), target.size(), bytes.data(), bytes.size(), level);
      CHECK(ZSTD_isError(size) == 0);  // only if there is no memory: the target always suffices
      out.shrink(before + size);
      break;
    }
    case Codec::lz4_raw: {
      CHECK(bytes.size() <= LZ4_MAX_INPUT_SIZE);
      const int length = static_cast<int>(bytes.size());
      const std::span<uint8_t> target = out.grow(static_cast<size_t>(LZ4_compressBound(length)));
      const int size = LZ4_compress_fast_extState(contexts_->lz4.data(), reinterpret_cast<const char*>(bytes.data()),
                                                  reinterpret_cast<char*>(target.data()), length,
                                                  static_cast<int>(target.size()), 1);
      CHECK(size > 0);
      out.shrink(before + static_cast<size_t>(size));
      break;
    }
  }
  return out.size() - before;
}

uint32_t crc32(ByteView bytes, uint32_t crc) { return libdeflate_crc32(crc, bytes.data(), bytes.size()); }

}  // namespace weir::store::parquet
