#include "store/parquet/compression.h"

#include <libdeflate.h>
#include <lz4.h>

#include <algorithm>
#include <vector>

namespace weir::store::parquet {

struct Compressor::Contexts {
  struct FreeZstd {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  using Zstd = std::unique_ptr<ZSTD_CCtx, FreeZstd>;

  Zstd zstd{ZSTD_createCCtx()};
  Zstd zstd_with_sequences{ZSTD_createCCtx()};  // parameters of a context stay
  NeighbourMatches matches;
  std::vector<ZSTD_Sequence> blocks;
  std::vector<uint64_t> lz4 = std::vector<uint64_t>((static_cast<size_t>(LZ4_sizeofState()) + 7) / 8);

  std::span<const ZSTD_Sequence> without_matches(size_t size) {
    blocks.clear();
    for (size_t left = size; left > 0 || blocks.empty(); left -= blocks.back().litLength)
      blocks.push_back({.offset = 0,
                        .litLength = static_cast<unsigned>(std::min(left, size_t{ZSTD_BLOCKSIZE_MAX})),
                        .matchLength = 0,
                        .rep = 0});
    return blocks;
  }

  size_t compress_zstd(std::span<const ZSTD_Sequence> sequences, ByteView bytes, std::span<uint8_t> target) {
    return ZSTD_compressSequences(zstd_with_sequences.get(), target.data(), target.size(), sequences.data(),
                                  sequences.size(), bytes.data(), bytes.size());
  }

  size_t compress_zstd(Effort effort, ByteView bytes, ValueLayout layout, std::span<uint8_t> target) {
    if (effort == Effort::codes) return compress_zstd(without_matches(bytes.size()), bytes, target);
    if (effort == Effort::neighbours) return compress_zstd(matches.find(bytes, layout), bytes, target);
    // The lowest level leaves literals as they are, and finds hardly anything else.
    const int level = effort == Effort::search ? 1 : ZSTD_minCLevel();
    return ZSTD_compressCCtx(zstd.get(), target.data(), target.size(), bytes.data(), bytes.size(), level);
  }
};

Compressor::Compressor() : contexts_(std::make_unique<Contexts>()) {
  CHECK(contexts_->zstd != nullptr && contexts_->zstd_with_sequences != nullptr);
  const auto set = [context = contexts_->zstd_with_sequences.get()](ZSTD_cParameter parameter, int value) {
    CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0);
  };
  set(ZSTD_c_compressionLevel, 1);
  set(ZSTD_c_blockDelimiters, ZSTD_sf_explicitBlockDelimiters);
  set(ZSTD_c_searchForExternalRepcodes, ZSTD_ps_enable);  // the offset is the same everywhere: it then takes no bits
  set(ZSTD_c_minMatch, ZSTD_MINMATCH_MIN);                // so that there is room for one sequence for each 3 bytes
  set(ZSTD_c_hashLog, ZSTD_HASHLOG_MIN);                  // not used
}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

size_t Compressor::compress(Codec codec, Effort effort, ByteView bytes, Buffer& out, ValueLayout layout) {
  const size_t before = out.size();
  switch (codec) {
    case Codec::uncompressed:
      out.append(bytes);
      break;
    case Codec::zstd: {
      const std::span<uint8_t> target = out.grow(ZSTD_compressBound(bytes.size()));
      const size_t size = contexts_->compress_zstd(effort, bytes, layout, target);
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
