#include "flow/batch_builder.h"

namespace weir::flow {

FlowBatch& BatchBuilder::batch_for(Timestamp received) {
  if (current_ && (current_->room() == 0 || received < hour_start_ || received >= hour_end_)) seal();
  if (!current_) {
    current_ = std::make_unique<FlowBatch>(capacity_);
    hour_start_ = std::chrono::floor<std::chrono::hours>(received);
    hour_end_ = hour_start_ + std::chrono::hours{1};
  }
  return *current_;
}

void BatchBuilder::seal() {
  if (!current_ || current_->rows() == 0) return;
  on_sealed_(SealedBatch(std::move(current_)));
}

}  // namespace weir::flow
