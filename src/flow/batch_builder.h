// Where decoders put rows: always a batch with room, of the right hour. A batch leaves through `on_sealed` when it is
// full, when the hour changes, or when seal() is called (the pipeline does so once a second). One thread.
//
// A sealed batch whose last owner lets go of it comes back, in whichever thread that is, and is filled again: fresh
// memory would cost as much time as decoding into it.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "flow/batch.h"

namespace weir::flow {

class BatchPool;

class BatchBuilder {
 public:
  using OnSealed = std::function<void(SealedBatch)>;

  // A batch with more text than this is full: rows refer to text by 32-bit offsets, and exporters choose its length.
  static constexpr size_t kMaxTextBytes = size_t{64} << 20;

  explicit BatchBuilder(OnSealed on_sealed, size_t capacity = FlowBatch::kDefaultCapacity,
                        SchemaPtr schema = Schema::flows());
  ~BatchBuilder();
  BatchBuilder(BatchBuilder&&) noexcept;
  BatchBuilder& operator=(BatchBuilder&&) noexcept;

  // The current batch with room for at least one row received at `received`. The reference is good until the next call.
  // A caller with more rows than room() appends what fits and asks again.
  FlowBatch& batch_for(Timestamp received);

  // Hands over what there is; nothing if there is nothing.
  void seal();

  const Schema& schema() const { return *schema_; }
  size_t pending_rows() const { return current_ ? current_->rows() : 0; }

 private:
  OnSealed on_sealed_;
  size_t capacity_;
  SchemaPtr schema_;
  std::unique_ptr<FlowBatch> current_;
  Timestamp hour_end_{};
  Timestamp hour_start_{};
  std::shared_ptr<BatchPool> pool_;  // shared with the batches that are out
};

}  // namespace weir::flow
