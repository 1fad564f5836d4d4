// What each value of a page repeats of the one before: an address its first bytes, a number its upper ones.
//
//   ::ffff:10.0.0.1 ::ffff:10.0.0.7        of the second address, all but the last byte is a copy from 16 bytes back
//
// zstd describes data as sequences: so many literals, then a match of so many bytes, so many bytes back. It usually
// finds them by hashing every few bytes. Here they are known beforehand, so the writer gives them to zstd, which only
// has to code them. That takes less time and finds more: every IPv4 address has twelve bytes in common with its
// neighbour (::ffff:a.b.c.d), times of one minute have five of eight, and values in ascending order have more. The
// distance is always the width of a value, which zstd codes in no bits at all.
#pragma once

#define ZSTD_STATIC_LINKING_ONLY  // sequences of one's own
#include <zstd.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace weir::store::parquet {

// How the bytes of a page lie: `head` bytes of anything, then values of `width` bytes: numbers of 4 or 8, as they
// are in memory, or addresses, of 16.
struct ValueLayout {
  size_t head = 0;
  size_t width = 0;
};

// Keeps its memory from one use to the next.
class NeighbourMatches {
 public:
  // Sequences as ZSTD_compressSequences takes them, with delimiters of blocks. Good until the next call.
  std::span<const ZSTD_Sequence> find(ByteView bytes, ValueLayout layout);

 private:
  template <size_t Width>
  void find_values(ByteView values, size_t head);
  // literals: bytes before the next match.
  void add_match(size_t literals, size_t bytes, size_t distance);
  void end_block(size_t literals);

  std::vector<ZSTD_Sequence> sequences_;
  bool follows_ = false;  // the last match ends where the next one begins, unless there are literals
};

}  // namespace weir::store::parquet
