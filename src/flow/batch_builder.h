// Where decoders put rows: always a batch with room, of the right hour. A batch leaves through `on_full` when it is
// full, when the hour changes, or when hand_over() is called (the pipeline does so once a second). One thread.
//
// A full batch may still be added to; seal() makes it immutable for good. When the last owner of it lets go, in
// whichever thread that is, its memory comes back to the builder and is filled again: fresh memory would cost as much
// time as decoding into it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "flow/batch.h"
#include "flow/marks.h"

namespace weir::flow {

class BatchPool;

// A batch that its builder has let go of: one owner, who may change it. Its memory goes back to the builder with it.
class FullBatch {
 public:
  FullBatch(std::unique_ptr<FlowBatch> batch, std::shared_ptr<BatchPool> pool)
      : batch_(std::move(batch)), pool_(std::move(pool)) {}
  ~FullBatch();
  FullBatch(FullBatch&&) noexcept = default;
  FullBatch& operator=(FullBatch&& other) noexcept {
    std::swap(batch_, other.batch_);
    std::swap(pool_, other.pool_);
    return *this;
  }

  FlowBatch& operator*() const { return *batch_; }
  FlowBatch* operator->() const { return batch_.get(); }

 private:
  std::unique_ptr<FlowBatch> batch_;
  std::shared_ptr<BatchPool> pool_;
};

// From here on nobody can change it.
SealedBatch seal(FullBatch full);

// Where the next rows come from, if a journal is kept.
struct RowOrigin {
  uint64_t number = 0;  // rises; 0: nobody wants to know
  uint64_t stream = 0;
  SetPlace place;
  bool early = false;  // a set that had to wait for its template
  size_t bytes = 0;    // of what the rows are made of
};

class BatchBuilder {
 public:
  using OnFull = std::function<void(FullBatch)>;

  // A batch with more text than this is full: rows refer to text by 32-bit offsets, and exporters choose its length.
  static constexpr size_t kMaxTextBytes = size_t{64} << 20;

  explicit BatchBuilder(OnFull on_full, size_t capacity = FlowBatch::kDefaultCapacity,
                        SchemaPtr schema = Schema::flows());
  ~BatchBuilder();
  BatchBuilder(BatchBuilder&&) noexcept;
  BatchBuilder& operator=(BatchBuilder&&) noexcept;

  // The current batch with room for at least one row received at `received`. The reference is good until the next call.
  // A caller with more rows than room() appends what fits and asks again.
  FlowBatch& batch_for(Timestamp received);

  // Hands over what there is; nothing if there is nothing.
  void hand_over();

  // The next rows come from there, and all of them go into one batch: half of one is kept free for the largest datagrams,
  // and a batch grows if that is not enough.
  void begin(const RowOrigin& origin) {
    if (origin.number != origin_.number) begin_next(origin);
  }
  // The first datagram that the rows come from that were not handed over; nothing if there are none.
  std::optional<uint64_t> oldest() const;

  const Schema& schema() const { return *schema_; }
  size_t pending_rows() const { return current_ ? current_->rows() : 0; }

 private:
  // What a row takes of a datagram at least, but for very odd templates.
  static constexpr size_t kLeastRowBytes = 4;
  struct Last {
    uint64_t stream = 0;
    uint64_t datagram = 0;
  };

  FlowBatch& next_batch(Timestamp received);
  void begin_next(const RowOrigin& origin);
  void note();

  OnFull on_full_;
  size_t capacity_;
  SchemaPtr schema_;
  std::unique_ptr<FlowBatch> current_;
  Timestamp hour_end_{};
  Timestamp hour_start_{};
  std::shared_ptr<BatchPool> pool_;  // shared with the batches that are out
  RowOrigin origin_;
  bool noted_ = true;        // the current batch has rows of it, or nobody wants to know
  Marks marks_;              // of the current batch
  std::vector<Last> lasts_;  // datagrams that were noted last, of each stream
};

// A builder for each table. The schema of a batch says which table it belongs to.
//
// With track(), batches know which datagrams of a journal their rows come from (marks.h), and no datagram is divided
// between two batches of a table: a batch is stored as a whole or not at all. Sets that had to wait for their template
// interrupt a datagram, so they have batches of their own.
class TableBuilders {
 public:
  explicit TableBuilders(BatchBuilder::OnFull on_full, size_t capacity = FlowBatch::kDefaultCapacity,
                         SchemaPtr flows = Schema::flows());

  BatchBuilder& operator[](Table table) { return tracking_ ? tracked(table) : *builders_[table]; }
  // Rows of the table that were not handed over.
  size_t pending_rows(Table table) const;
  void hand_over(Table table);
  void hand_over();

  // The next rows of the schema's table have its columns; what was filled until now is handed over.
  void set_schema(SchemaPtr schema);

  // A number of a datagram has its stream's place among `streams` in its upper 16 bits, and its own there below.
  static constexpr unsigned kDatagramBits = 48;
  void track(std::vector<uint64_t> streams);
  // What is stored already: rows of it go to `on_known`. For those who decode a journal again.
  using IsKnown = std::function<bool(Table, uint64_t stream, SetPlace)>;
  void set_known(IsKnown is_known, BatchBuilder::OnFull on_known);

  // The next rows come from this datagram, until end(). Nothing of what follows does anything without track().
  void begin(uint64_t datagram, size_t bytes);
  // The next data set of the datagram begins; its number.
  uint32_t next_set();
  // A set waits for its template.
  void hold(uint64_t datagram, uint32_t set);
  // Sets that have been held since the last call.
  std::vector<SetPlace> take_held();
  // A set that had to wait gives its rows now; end_early() goes back to the datagram.
  void begin_early(uint64_t datagram, uint32_t set, size_t bytes);
  void end_early();

  // As BatchBuilder::oldest().
  std::optional<uint64_t> oldest() const;

 private:
  struct Tracking {
    std::vector<uint64_t> streams;
    uint64_t numbers = 0;  // of origins, so far
    RowOrigin origin;
    RowOrigin interrupted;
    std::vector<SetPlace> held;
    PerTable<std::optional<BatchBuilder>> early;
    IsKnown is_known;
    BatchBuilder::OnFull on_known;
    PerTable<std::optional<BatchBuilder>> known;
  };

  BatchBuilder& tracked(Table table);
  RowOrigin origin_of(uint64_t datagram, uint32_t set, size_t bytes);
  void make(PerTable<std::optional<BatchBuilder>>& builders, Table table, const BatchBuilder::OnFull& on_full);

  BatchBuilder::OnFull on_full_;
  size_t capacity_;
  PerTable<SchemaPtr> schemas_;
  PerTable<std::optional<BatchBuilder>> builders_;
  std::unique_ptr<Tracking> tracking_;
};

}  // namespace weir::flow
