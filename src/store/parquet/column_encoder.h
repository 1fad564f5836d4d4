// One column of a row group, from the batches to the octets of its column chunk.
//
// How a column is encoded is decided by trial: now and then all ways that go with its type are tried on a page
// and the cheapest stays (octets on the disk, with the time of compressing counted as octets). So every column gets
// what suits the traffic of this collector: dictionaries where values repeat, deltas where they rise, and a compressor
// only where it gains.
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
  bool whole_octets = false;  // indexes of a dictionary take 8 or 16 bits, which a compressor can make something of
  Codec codec = Codec::zstd;
  // A chunk has one codec, but what zstd gains nothing by is only stored in its frames.
  Effort of_entries = Effort::search;
  Effort of_values = Effort::search;
  bool operator==(const Coding&) const = default;
};

// What was found to suit a column.
struct Habit {
  std::optional<Coding> coding;
  unsigned groups_left = 0;     // until the next trial
  size_t trial_values = 0;      // that the trial saw
  double octets_per_value = 0;  // of the trial
};

class ColumnEncoder {
 public:
  ColumnEncoder();
  ColumnEncoder(ColumnEncoder&&) noexcept;
  ColumnEncoder& operator=(ColumnEncoder&&) noexcept;
  ~ColumnEncoder();

  // Appends the pages of a column to `out`, whose first octet will be at `base` in the file; and, for addresses, makes
  // a Bloom filter: its header and bitset are appended to `bloom` (offsets of it are for the caller to set).
  ColumnChunk encode(const GroupRows& group, flow::ColumnIndex column, Habit& habit, uint64_t base, Buffer& out,
                     Buffer& bloom);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The chunk of a column that is null in all of `rows` rows (at least one); its first octet will be at `base` in the
// file.
ColumnChunk null_chunk(size_t rows, uint64_t base, Buffer& out);

}  // namespace weir::store::parquet
