// Memory for the columns of a batch, straight from the kernel: zero without being written, and made page by page as it
// is used.
//
//   chunk     | column | gap | column | gap | ... | not used
//   gap       an odd number of cache lines: columns whose lengths are powers of two would otherwise have all their
//             rows in the same few sets of the caches
//
// Allocated once for each column, freed together. One owner. Under the address sanitizer gaps may not be touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace weir::flow {

class BatchMemory {
 public:
  static constexpr size_t kChunkBytes = size_t{2} << 20;
  static constexpr size_t kGapBytes = size_t{5} * 64;

  // Zeros, at the start of a cache line. The process ends if there is no memory, as it does for new.
  std::span<uint64_t> allocate(size_t words);
  // Of all chunks, whether used or not.
  size_t bytes() const { return bytes_; }

 private:
  struct Unmap {
    size_t bytes = 0;
    void operator()(uint64_t* words) const;
  };
  struct Chunk {
    std::unique_ptr<uint64_t[], Unmap> memory;
    std::span<uint64_t> free;
  };
  static Chunk map(size_t bytes);

  std::vector<Chunk> chunks_;
  size_t bytes_ = 0;
};

}  // namespace weir::flow
