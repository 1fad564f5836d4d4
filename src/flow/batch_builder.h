// Where decoders put rows: always a batch with room, of the right hour. A batch leaves through `on_full` when it is
// full, when the hour changes, or when hand_over() is called (the pipeline does so once a second). One thread.
//
// A full batch may still be added to; seal() makes it immutable for good. When the last owner of it lets go, in
// whichever thread that is, its memory comes back to the builder and is filled again: fresh memory would cost as much
// time as decoding into it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "flow/batch.h"

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

  const Schema& schema() const { return *schema_; }
  size_t pending_rows() const { return current_ ? current_->rows() : 0; }

 private:
  OnFull on_full_;
  size_t capacity_;
  SchemaPtr schema_;
  std::unique_ptr<FlowBatch> current_;
  Timestamp hour_end_{};
  Timestamp hour_start_{};
  std::shared_ptr<BatchPool> pool_;  // shared with the batches that are out
};

// A builder for each table. The schema of a batch says which table it belongs to.
class TableBuilders {
 public:
  explicit TableBuilders(BatchBuilder::OnFull on_full, size_t capacity = FlowBatch::kDefaultCapacity,
                         SchemaPtr flows = Schema::flows());

  BatchBuilder& operator[](Table table) { return *builders_[table]; }
  const BatchBuilder& operator[](Table table) const { return *builders_[table]; }
  void hand_over();

  // The next rows of the schema's table have its columns; what was filled until now is handed over.
  void set_schema(SchemaPtr schema);

 private:
  BatchBuilder::OnFull on_full_;
  size_t capacity_;
  PerTable<std::optional<BatchBuilder>> builders_;
};

}  // namespace weir::flow
