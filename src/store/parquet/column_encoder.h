// One column of a row group, from the batches to the bytes of its column chunk.
//
// The choice of encoding. Parquet offers several encodings of a column and several codecs on top of them, and which
// pair is best depends on the traffic: ports of a few servers repeat, times rise, byte counts do neither. The encoder
// does not guess. It encodes a sample in every way that goes with the type, and keeps the cheapest. That is a trial. A
// trial takes longer than encoding, so its result is kept for the column and used for the row groups that follow, until
//
//   - 32 row groups have used it,
//   - the column takes a quarter more bytes a value than it did at the trial,
//   - a row group has more than four times as many values as the trial saw, or
//   - it was a dictionary, and the values have become too many for one.
//
// Cheapest means bytes on the disk plus CPU time, which is counted in bytes, too: 22 ns are worth one. Time is not
// measured (a clock would make files depend on how busy the machine was) but computed, from figures that were measured
// once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "flow/batch.h"
#include "store/parquet/compression.h"
#include "store/parquet/format.h"
#include "store/parquet/row_group.h"

namespace weir::store::parquet {

// A way to write a column chunk.
struct Coding {
  Encoding encoding = Encoding::rle_dictionary;
  bool whole_bytes = false;  // indexes of a dictionary take 8 or 16 bits, which a compressor can make something of
  Codec codec = Codec::zstd;
  // A chunk has one codec, but what zstd gains nothing by is only stored in its frames.
  Effort of_entries = Effort::search;
  Effort of_values = Effort::search;
  bool operator==(const Coding&) const = default;
};

// What the last trial of a column found. It outlives files: the next one begins with it.
struct TrialResult {
  std::optional<Coding> coding;
  unsigned groups_left = 0;    // until the next trial
  size_t values = 0;           // of the row group that was tried
  double bytes_per_value = 0;  // of that row group; 0: not known yet
};

class ColumnEncoder {
 public:
  ColumnEncoder();
  ColumnEncoder(ColumnEncoder&&) noexcept;
  ColumnEncoder& operator=(ColumnEncoder&&) noexcept;
  ~ColumnEncoder();

  // Appends the pages of a column to `out`, whose first byte will be at `base` in the file; and, for addresses, makes
  // a Bloom filter: its header and bitset are appended to `bloom` (offsets of it are for the caller to set).
  ColumnChunk encode(const GroupRows& group, flow::ColumnIndex column, TrialResult& trial_result, uint64_t base,
                     Buffer& out, Buffer& bloom);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The chunk of a column that is null in all of `rows` rows (at least one); its first byte will be at `base` in the
// file.
ColumnChunk null_chunk(size_t rows, uint64_t base, Buffer& out);

}  // namespace weir::store::parquet
