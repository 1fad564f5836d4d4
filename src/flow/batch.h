// FlowBatch: flows as a struct of arrays, the only shape that flow records have between the wire and the disk. (Rows of
// the table `counters` travel in the same way, in batches of their own schema.)
//
//   rows            0 .. rows()-1, the same for every column
//   column          an array of capacity() values of its type's width; memory comes with the first value and is kept by
//                   reset(), so that a recycled batch allocates nothing
//   null            a row that nobody filled; validity is one bit a row, a column that nobody filled has none set
//   text            an (offset, length) pair into the batch's own text arena; texts that repeat are kept once
//
// A batch has three lives:
//
//   filled    by its builder (batch_builder.h): one mutable owner
//   full      a FullBatch: still one owner, who may add to it (enrichment)
//   sealed    a SealedBatch: shared by everybody, never changed again
//
// All rows of a batch were received within one hour (the partition of the store).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "flow/batch_memory.h"
#include "flow/marks.h"
#include "flow/schema.h"

namespace weir::flow {

struct TextRef {
  uint32_t offset = 0;
  uint32_t length = 0;
};

// The C++ type of a column's values.
template <ColumnType type>
struct ColumnValue;
template <>
struct ColumnValue<ColumnType::u8> {
  using type = uint8_t;
};
template <>
struct ColumnValue<ColumnType::u16> {
  using type = uint16_t;
};
template <>
struct ColumnValue<ColumnType::u32> {
  using type = uint32_t;
};
template <>
struct ColumnValue<ColumnType::u64> {
  using type = uint64_t;
};
template <>
struct ColumnValue<ColumnType::address> {
  using type = IpAddress;
};
template <>
struct ColumnValue<ColumnType::mac> {
  using type = uint64_t;
};
template <>
struct ColumnValue<ColumnType::timestamp> {
  using type = int64_t;
};
template <>
struct ColumnValue<ColumnType::f64> {
  using type = double;
};
template <>
struct ColumnValue<ColumnType::text> {
  using type = TextRef;
};

template <auto column>
using ValueOf = typename ColumnValue<info(column).type>::type;

// Bytes of one value in memory.
constexpr size_t width(ColumnType type) {
  switch (type) {
    case ColumnType::u8:
      return 1;
    case ColumnType::u16:
      return 2;
    case ColumnType::u32:
      return 4;
    case ColumnType::address:
      return 16;
    case ColumnType::u64:
    case ColumnType::mac:
    case ColumnType::timestamp:
    case ColumnType::text:
    case ColumnType::f64:
      return 8;
  }
  return 0;
}

// How many rows of a batch came from which exporter: the ledger's share of a batch.
struct ExporterRows {
  IpAddress exporter;
  uint64_t rows;
};

class FlowBatch {
  // Rows [first, end) are not null, whatever their bits say. Sets follow each other: a run grows with each of them, and
  // the bits, which are a cache line of their own for each column, need not be touched. end is 0 only in a column that
  // has nothing but nulls.
  struct Run {
    uint32_t first = 0;
    uint32_t end = 0;
  };
  // What filling a column looks at, side by side: with few rows at a time that is much of the work.
  struct Cells {
    std::span<uint64_t> memory;  // in memory_, in words, so that every type is aligned
    Run run;                     // to be written down in validity_
  };

 public:
  static constexpr size_t kDefaultCapacity = 32768;  // a multiple of 2048, DuckDB's vector

  explicit FlowBatch(size_t capacity = kDefaultCapacity, SchemaPtr schema = Schema::flows())
      : capacity_(capacity), schema_(std::move(schema)) {
    CHECK(capacity % 64 == 0 && capacity <= UINT32_MAX);
  }
  FlowBatch(const FlowBatch&) = delete;
  FlowBatch& operator=(const FlowBatch&) = delete;

  const Schema& schema() const { return *schema_; }
  const SchemaPtr& shared_schema() const { return schema_; }
  size_t rows() const { return rows_; }
  size_t capacity() const { return capacity_; }
  size_t room() const { return capacity_ - rows_; }

  // Adds `count` rows from one exporter, every column null; returns the index of the first. count <= room().
  size_t append(size_t count, const IpAddress& exporter);

  // The array of a column for writing (capacity() values; a fresh column is zero). Fill, then mark with set_valid.
  template <auto column>
  ValueOf<column>* values() {
    return static_cast<ValueOf<column>*>(raw(column));
  }
  void* raw(ColumnIndex column) {
    const std::span<uint64_t>& memory = cells_[column.value()].memory;
    if (memory.empty()) [[unlikely]]
      allocate(column);
    return memory.data();
  }

  // Marks rows [first, first + count) of a column as not null / null. Marking is cheapest if each call goes on
  // where the last one for this column ended.
  void set_valid(ColumnIndex column, size_t first, size_t count) {
    Cells& cells = cells_[column.value()];
    CHECK(!cells.memory.empty() && first <= rows_ && rows_ - first >= count);
    if (count == 0) return;
    if (first != cells.run.end) [[unlikely]]
      begin_run(column, first);
    cells.run.end = static_cast<uint32_t>(first + count);
  }
  // One column of the rows of the last append(), good until the next one: what decoding touches for each column of each
  // set. To be filled, then marked as not null.
  class Appended {
   public:
    void* raw() const { return cells_.memory.data(); }  // of the whole column
    void set_valid() const {
      if (cells_.run.end != batch_.appended_) [[unlikely]]
        batch_.begin_run(cells_);
      cells_.run.end = static_cast<uint32_t>(batch_.rows_);
    }

   private:
    friend class FlowBatch;
    Appended(FlowBatch& batch, ColumnIndex column) : batch_(batch), cells_(batch.cells_[column.value()]) {
      if (cells_.memory.empty()) [[unlikely]]
        batch.allocate(cells_);
    }
    FlowBatch& batch_;
    Cells& cells_;  // and no column: that can be told from the place of these
  };
  Appended appended(ColumnIndex column) { return {*this, column}; }
  void set_null(ColumnIndex column, size_t row);

  // The array of a column for reading, or nullptr if it holds no value at all.
  const void* raw(ColumnIndex column) const { return present(column) ? cells_[column.value()].memory.data() : nullptr; }
  template <auto column>
  std::span<const ValueOf<column>> values() const {
    return {static_cast<const ValueOf<column>*>(raw(column)), present(column) ? rows_ : 0};
  }
  // False if every row of the column is null.
  bool present(ColumnIndex column) const { return cells_[column.value()].run.end != 0; }
  // One bit a row, bit r % 64 of word r / 64; empty if !present(column). Of a const batch only once it is settled.
  std::span<const uint64_t> validity(ColumnIndex column) const;
  std::span<const uint64_t> validity(ColumnIndex column) {
    if (present(column)) settle(column);
    return std::as_const(*this).validity(column);
  }
  bool is_valid(ColumnIndex column, size_t row) const {
    if (!present(column)) return false;
    const Run& run = cells_[column.value()].run;
    return (row >= run.first && row < run.end) || (validity_[column.value()][row / 64] >> (row % 64) & 1) != 0;
  }

  // The text in the batch's arena, up to 4 GiB a batch. Texts are interned: one that was added lately is not copied
  // again, so that a name that every row repeats costs its length once.
  TextRef add_text(std::string_view text);
  std::string_view text(TextRef ref) const { return std::string_view(arena_).substr(ref.offset, ref.length); }

  // Bytes of text so far.
  size_t text_bytes() const { return arena_.size(); }
  // What the batch holds of memory: columns at their whole capacity, and text.
  size_t memory_bytes() const { return memory_.bytes() + arena_.capacity(); }

  std::span<const ExporterRows> exporters() const { return exporters_; }

  // When its first row came in, by the clock of who fills it: what has to be readable in time is counted from there.
  // Nothing where nobody waits for rows (a capture).
  std::optional<Timestamp> since() const { return since_; }
  void set_since(Timestamp since) { since_ = since; }

  // Which datagrams of a journal its rows come from; nullptr: there is none.
  const std::shared_ptr<const Marks>& marks() const { return marks_; }
  void set_marks(std::shared_ptr<const Marks> marks) { marks_ = std::move(marks); }

  // Room for more rows, of which it has some already: for a datagram that must not be divided. Costs a copy.
  void grow(size_t capacity);

  // Writes down in the bits of all columns what was marked as not null: before a batch is shared.
  void settle();

  // Empty again, with its memory.
  void reset();

 private:
  static constexpr size_t kRecentExporters = 64;
  static constexpr size_t kRecentTexts = 256;

  void allocate(ColumnIndex column);
  uint32_t& recent_slot(const IpAddress& exporter);
  uint32_t find_exporter(const IpAddress& exporter);
  void begin_run(ColumnIndex column, size_t first);
  // The same of cells that are one of cells_; the run begins with the rows of the last append().
  [[gnu::noinline]] void allocate(const Cells& cells) { allocate(column_of(cells)); }
  [[gnu::noinline]] void begin_run(const Cells& cells) { begin_run(column_of(cells), appended_); }
  ColumnIndex column_of(const Cells& cells) const { return ColumnIndex(static_cast<size_t>(&cells - cells_.data())); }
  void settle(ColumnIndex column);

  size_t capacity_;
  SchemaPtr schema_;
  size_t rows_ = 0;
  size_t appended_ = 0;  // the first row of the last append()
  std::optional<Timestamp> since_;
  BatchMemory memory_;
  std::array<Cells, kMaxColumns> cells_;
  std::array<std::vector<uint64_t>, kMaxColumns> validity_;
  std::string arena_;
  std::array<TextRef, kRecentTexts> recent_texts_{};  // by a hash: guesses where in arena_ a text is
  std::vector<ExporterRows> exporters_;
  std::shared_ptr<const Marks> marks_;
  boost::unordered_flat_map<IpAddress, uint32_t, IpAddressHash> exporter_index_;  // a batch may hold rows of thousands
  std::array<uint32_t, kRecentExporters> recent_{};                               // guesses where in exporters_ one is
};

using SealedBatch = std::shared_ptr<const FlowBatch>;

// Of a batch that no builder made. Whoever else holds it must let go of it or leave it as it is.
inline SealedBatch seal(std::shared_ptr<FlowBatch> batch) {
  batch->settle();
  return batch;
}

}  // namespace weir::flow
