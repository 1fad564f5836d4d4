// The writing side of one table of a store: batches wait here until their segment is due, or until the disk takes them
// again.
//
//   add        a batch joins the others of its hour; as many as make a row group are encoded, and free again
//   due        flush_interval is over since a batch's first row came in, or rows_per_segment rows wait
//   failed     everything stays; the next try comes after 1 s, then 2, 4, .. 30 s; past pending_rows_limit the oldest
//              batches are dropped, and their receipts say so
//
// One thread, except that `folders` keeps the background work from removing an hour's folder just before a segment
// moves in.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "flow/ledger.h"
#include "store/layout.h"
#include "store/segment_writer.h"
#include "store/shared_counters.h"
#include "store/store.h"

namespace weir::store {

class Flusher {
 public:
  // folder: of the table.
  Flusher(std::filesystem::path folder, uint64_t next_sequence, SegmentWriter& writer, SharedCounters& counters,
          std::mutex& folders)
      : folder_(std::move(folder)),
        next_sequence_(next_sequence),
        writer_(writer),
        counters_(counters),
        folders_(folders) {}

  void add(flow::SealedBatch batch, flow::Receipt receipt, const StoreOptions& options);
  void flush(Timestamp now, bool force, const StoreOptions& options);
  // When flush() will have something to write, if nothing is added; nothing if nothing waits, or since the last
  // flush().
  std::optional<Timestamp> due(const StoreOptions& options) const;
  // Everything that still waits is given up.
  void drop_all(flow::DropReason reason);

 private:
  // What may come into one file.
  struct Kind {
    Hour hour;
    flow::SchemaPtr schema;  // a reload may bring other columns
    bool operator==(const Kind&) const = default;
  };
  struct Waiting {
    Kind kind;
    PreparedRows rows;
    bool prepared = false;  // otherwise one batch
    uint64_t count = 0;     // of rows
    std::vector<flow::Receipt> receipts;
    Timestamp first;  // time_received
    Timestamp last;
    std::optional<Timestamp> since;  // when the first row came in, or not later than when it was added
  };
  using Group = std::vector<Waiting>;  // of one kind

  bool is_due(Timestamp now, const StoreOptions& options) const;
  std::optional<Timestamp> oldest() const;
  bool waits_for_disk(Timestamp now) const;
  uint64_t open_rows(const Kind& kind) const;
  void prepare_open(const Kind& kind);
  template <class Matches>
  Group take(const Matches& matches);
  Group take_segment(uint64_t rows);
  Result<SegmentStats> write(const Group& group);
  Result<> publish(const std::filesystem::path& temporary, const Segment& segment);
  void succeeded(Group group, const SegmentStats& stats);
  void failed(Group group, const Error& error, Timestamp now);
  void drop_oldest(uint64_t limit);

  const std::filesystem::path folder_;
  uint64_t next_sequence_;
  SegmentWriter& writer_;
  SharedCounters& counters_;
  std::mutex& folders_;

  std::deque<Waiting> waiting_;  // in the order of add()
  uint64_t waiting_rows_ = 0;
  std::optional<Timestamp> last_call_;  // of flush
  Micros back_off_{0};                  // 0: the last write succeeded
  Timestamp retry_at_{};
  uint64_t dropped_rows_ = 0;  // since the last write that succeeded
};

}  // namespace weir::store
