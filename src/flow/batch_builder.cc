#include "flow/batch_builder.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::flow {

// Batches between two uses. Batches are taken by the builder's thread and come back in any. A store gives back many at
// once, when it has written them, and then they are filled again one after the other: so many are kept, but not those
// that lay there all the time.
class BatchPool {
 public:
  static constexpr size_t kMaxKept = 32;
  static constexpr size_t kTakesToJudge = 64;
  // Text memory beyond this is not kept: it was one odd exporter's.
  static constexpr size_t kMaxKeptText = size_t{1} << 20;

  std::unique_ptr<FlowBatch> take() {
    std::vector<std::unique_ptr<FlowBatch>> unused;  // freed outside of the lock
    const std::lock_guard lock(mutex_);
    std::unique_ptr<FlowBatch> batch;
    if (!kept_.empty()) {
      batch = std::move(kept_.back());
      kept_.pop_back();
    }
    least_kept_ = std::min(least_kept_, kept_.size());
    if (++takes_ >= kTakesToJudge) {
      // The longest unused are in front.
      const auto end = kept_.begin() + static_cast<std::ptrdiff_t>(least_kept_);
      unused.assign(std::move_iterator(kept_.begin()), std::move_iterator(end));
      kept_.erase(kept_.begin(), end);
      takes_ = 0;
      least_kept_ = kept_.size();
    }
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
  size_t takes_ = 0;       // since unused ones were looked for
  size_t least_kept_ = 0;  // in that time
};

FullBatch::~FullBatch() {
  if (batch_) pool_->give_back(std::move(batch_));
}

SealedBatch seal(FullBatch full) {
  full->settle();
  const auto owner = std::make_shared<FullBatch>(std::move(full));
  return SealedBatch(owner, &**owner);  // who lets go of the batch last lets go of its owner
}

BatchBuilder::BatchBuilder(OnFull on_full, size_t capacity, SchemaPtr schema)
    : on_full_(std::move(on_full)),
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
  hand_over();
  if (!current_) {
    current_ = pool_->take();
    if (!current_) current_ = std::make_unique<FlowBatch>(capacity_, schema_);
  }
  hour_start_ = std::chrono::floor<std::chrono::hours>(received);
  hour_end_ = hour_start_ + std::chrono::hours{1};
  return *current_;
}

void BatchBuilder::hand_over() {
  if (!current_ || current_->rows() == 0) return;
  on_full_(FullBatch(std::move(current_), pool_));
}

TableBuilders::TableBuilders(BatchBuilder::OnFull on_full, size_t capacity, SchemaPtr flows)
    : on_full_(std::move(on_full)), capacity_(capacity) {
  for (const Table table : kTables) builders_[table].emplace(on_full_, capacity_, Schema::of(table));
  if (flows != Schema::flows()) set_schema(std::move(flows));
}

void TableBuilders::hand_over() {
  for (auto& builder : builders_) builder->hand_over();
}

void TableBuilders::set_schema(SchemaPtr schema) {
  std::optional<BatchBuilder>& builder = builders_[schema->table()];
  builder->hand_over();
  builder.emplace(on_full_, capacity_, std::move(schema));
}

}  // namespace weir::flow
