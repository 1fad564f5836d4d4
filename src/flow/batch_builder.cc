#include "flow/batch_builder.h"

#include <mutex>
#include <utility>
#include <vector>

namespace weir::flow {

// Batches between two uses. Batches are taken by the builder's thread and come back in any.
class BatchPool {
 public:
  // What a queue of sinks gives back at once is not worth keeping in full.
  static constexpr size_t kMaxKept = 4;
  // Text memory beyond this is not kept: it was one odd exporter's.
  static constexpr size_t kMaxKeptText = size_t{1} << 20;

  std::unique_ptr<FlowBatch> take() {
    const std::lock_guard lock(mutex_);
    if (kept_.empty()) return nullptr;
    std::unique_ptr<FlowBatch> batch = std::move(kept_.back());
    kept_.pop_back();
    return batch;
  }

  void give_back(std::unique_ptr<FlowBatch> batch) {
    if (batch->text_bytes() > kMaxKeptText) return;
    batch->reset();
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kMaxKept) kept_.push_back(std::move(batch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<FlowBatch>> kept_;
};

BatchBuilder::BatchBuilder(OnSealed on_sealed, size_t capacity, SchemaPtr schema)
    : on_sealed_(std::move(on_sealed)),
      capacity_(capacity),
      schema_(std::move(schema)),
      pool_(std::make_shared<BatchPool>()) {}
BatchBuilder::~BatchBuilder() = default;
BatchBuilder::BatchBuilder(BatchBuilder&&) noexcept = default;
BatchBuilder& BatchBuilder::operator=(BatchBuilder&&) noexcept = default;

FlowBatch& BatchBuilder::batch_for(Timestamp received) {
  const bool fits = current_ && current_->room() > 0 && current_->text_bytes() < kMaxTextBytes &&
                    received >= hour_start_ && received < hour_end_;
  if (fits) return *current_;
  seal();
  if (!current_) {
    current_ = pool_->take();
    if (!current_) current_ = std::make_unique<FlowBatch>(capacity_, schema_);
  }
  hour_start_ = std::chrono::floor<std::chrono::hours>(received);
  hour_end_ = hour_start_ + std::chrono::hours{1};
  return *current_;
}

void BatchBuilder::seal() {
  if (!current_ || current_->rows() == 0) return;
  on_sealed_(SealedBatch(current_.release(), [pool = pool_](const FlowBatch* batch) {
    pool->give_back(std::unique_ptr<FlowBatch>(const_cast<FlowBatch*>(batch)));
  }));
}

}  // namespace weir::flow
