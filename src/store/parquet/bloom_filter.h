// Split block Bloom filter: which values a column of a row group surely does not have. Readers skip the row group when
// they look for one address.
//
// https://parquet.apache.org/docs/file-format/bloomfilter/
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace weir::store::parquet {

class BloomFilter {
 public:
  static constexpr size_t kBitsPerValue = 7;

  // Sized for `distinct` values: five or six look-ups in a hundred find what is not there.
  explicit BloomFilter(size_t distinct);

  // value: as PLAIN has it.
  void add(ByteView value);
  // The bitset.
  ByteView bytes() const;

 private:
  static constexpr size_t kBlockWords = 8;  // of 32 bits

  size_t block_of(uint64_t hash) const;

  std::vector<uint32_t> words_;
};

}  // namespace weir::store::parquet
