#include "store/parquet/bloom_filter.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "store/parquet/buffer.h"

namespace weir::store::parquet {
namespace {

// One bit of each word of a block.
constexpr std::array<uint32_t, 8> kSalt = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                           0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

uint64_t hash_of(ByteView value) { return XXH64(value.data(), value.size(), 0); }

#if defined(__x86_64__)
// All words of a block at once, where the processor can shift each by its own count.
__attribute__((target("avx2"))) void set_bits_avx2(uint64_t hash, uint32_t* block) {
  using Words = uint32_t __attribute__((vector_size(32)));
  Words salt, words;
  std::memcpy(&salt, kSalt.data(), sizeof salt);
  std::memcpy(&words, block, sizeof words);
  const Words ones = {1, 1, 1, 1, 1, 1, 1, 1};
  words |= ones << (static_cast<uint32_t>(hash) * salt >> 27);
  std::memcpy(block, &words, sizeof words);
}
const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
#endif

uint32_t bit_of(uint64_t hash, size_t word) { return 1U << (static_cast<uint32_t>(hash) * kSalt[word] >> 27); }

}  // namespace

BloomFilter::BloomFilter(size_t distinct)
    : words_(std::max<size_t>((distinct * kBitsPerValue + 255) / 256, 1) * kBlockWords) {}

size_t BloomFilter::block_of(uint64_t hash) const {
  return static_cast<size_t>((hash >> 32) * (words_.size() / kBlockWords) >> 32) * kBlockWords;
}

void BloomFilter::add(ByteView value) {
  const uint64_t hash = hash_of(value);
  const size_t block = block_of(hash);
#if defined(__x86_64__)
  if (kHasAvx2) return set_bits_avx2(hash, &words_[block]);
#endif
  for (size_t i = 0; i < kBlockWords; ++i) words_[block + i] |= bit_of(hash, i);
}

ByteView BloomFilter::bytes() const { return bytes_of(std::span<const uint32_t>(words_)); }

}  // namespace weir::store::parquet
