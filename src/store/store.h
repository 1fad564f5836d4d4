// The store of one collector: Parquet segments below a folder, written by one process, read by any number at any time.
//
//   DIR/flows/date=2026-11-22/hour=14/20261122T140500.000000Z-20261122T140504.999999Z-g0-00000017-00000017.parquet
//             |________________________| |______________ time_received _____________| |   |_ sequence, first and last
//              the hour of time_received, UTC                                          generation
//   DIR/counters/...   the same for the table `counters`, with sequence numbers of its own
//
// A segment appears by rename after it was synced, so nobody sees half of one. Compaction merges the segments of an
// hour into one of a higher generation whose sequence range covers them; readers take the covering one only
// (segments.h), and the covered ones are deleted after a grace period. DIR/lock keeps a second writer away;
// DIR/ledger.json is the collector's account, replaced every few seconds; those of earlier runs are in DIR/runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "flow/batch.h"
#include "sink/sink.h"
#include "store/files.h"
#include "store/segment_writer.h"
#include "store/stored_marks.h"

namespace weir::store {

// The memory limit of merging, apart from what the collector itself uses.
inline constexpr uint64_t kMergeMemoryBytes = uint64_t{256} << 20;

struct ScrubOptions {
  uint64_t bytes_per_second = 4 << 20;  // 0: never
  Micros round{86'400'000'000};         // a round begins at the earliest this long after the one before began
};

struct StoreOptions {
  std::filesystem::path directory = "weir-data";
  Micros flush_interval{5'000'000};     // a row is written this long after it came in (FlowBatch::since)
  uint64_t rows_per_segment = 524'288;  // a segment is written when this many rows wait, even before the interval
  uint64_t pending_rows_limit =
      2'097'152;  // rows kept while the disk fails; past it the oldest are dropped and counted
  bool compact = true;
  Micros compact_after{300'000'000};  // segments are merged by this span, then by the hour
  uint64_t merge_memory_bytes = kMergeMemoryBytes;
  Micros delete_grace{60'000'000};  // how long merged segments stay for readers that have them open
  std::optional<Micros> max_age;    // retention by age of time_received
  // Retention by size: of the segments that readers choose, of all tables. Merged ones that wait for delete_grace are
  // not counted, so the disk holds a little more.
  std::optional<uint64_t> max_bytes;
  ScrubOptions scrub;
};

struct StoreCounters {
  uint64_t segments_written = 0;
  uint64_t rows_written = 0;
  uint64_t bytes_written = 0;
  uint64_t write_failures = 0;
  uint64_t segments_compacted = 0;  // inputs of merges
  uint64_t segments_expired = 0;
  uint64_t segments_corrupt = 0;  // set aside as NAME.corrupt
  uint64_t scrubbed_segments = 0;
  uint64_t scrubbed_bytes = 0;
  uint64_t scrub_rounds = 0;  // how often all segments were read again
  std::string last_error;     // empty once a write succeeded again
};

class Store final : public sink::Sink {
 public:
  // Creates the folder, takes the lock, removes what a crash left half written. Fails if the folder cannot be written
  // or another process writes to it (the message names it).
  static Result<Store> open(StoreOptions options, std::unique_ptr<SegmentWriter> writer);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store() override;  // releases the lock; does not flush

  // The writing side (sink/sink.h): one thread.
  std::string_view name() const override { return "store"; }
  void add(flow::SealedBatch batch, flow::Receipt receipt) override;
  // A failed write keeps its rows and is tried again with back-off.
  void flush(Timestamp now) override { flush(now, false); }
  std::optional<Timestamp> due() const override;
  // With `force`, everything that waits, due or not.
  void flush(Timestamp now, bool force);
  // Flushes, and counts what still cannot be written as dropped (shutdown).
  void close(Timestamp now) override;

  // One round of the background work: merge, expire, delete late. May run in another thread than the writing side.
  void maintain(Timestamp now);

  // Reads one segment again, slowly, once a round of all of them is due. A thread of its own; stop_scrub() ends the
  // reading, for good.
  void scrub(Timestamp now);
  void stop_scrub();

  // Takes over what may change while running: flush_interval, compaction, retention.
  void set_options(const StoreOptions& options);
  StoreCounters counters() const;
  // What merged segments need not say any more of a journal; before maintain() is called. By default they say it all.
  void set_forget(ForgetMarks forget);
  // What the database of a merge that runs now holds in memory; it has a limit of its own. 0 between merges.
  uint64_t merge_memory_bytes() const;

  // Of this opening of the store; DIR/lock has it, too.
  const std::string& run_id() const;

  // Replaces DIR/ledger.json atomically; readers see the old or the new one.
  Result<> write_ledger(const TextSource& json);
  // The same for DIR/exporters.json.
  Result<> write_details(std::string_view json);
  // The same for DIR/streams.json.
  Result<> write_streams(std::string_view json);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Fails if the store has a column of the schema under another type: files of both types cannot be read together. Reads
// the footers of the segments, but only if the schema has configured columns.
Result<> check_types(const std::filesystem::path& directory, const flow::Schema& schema);

}  // namespace weir::store
