#include "pipeline/enrich_stage.h"

#include <chrono>
#include <exception>
#include <utility>

#include "base/log.h"
#include "pipeline/thread_name.h"

namespace weir::pipeline {

EnrichStage::EnrichStage(Passes passes, size_t queue_batches, flow::Ledger& ledger, Out out)
    : passes_(std::move(passes)), ledger_(ledger), out_(std::move(out)), queue_(queue_batches) {}

void EnrichStage::start() {
  thread_ = std::thread([this] {
    name_this_thread("enrich");
    run();
  });
}

void EnrichStage::offer(flow::FullBatch batch) {
  const uint64_t rows = batch->rows();
  const flow::Table table = batch->schema().table();
  if (queue_.try_push(batch)) return ledger_.note_enriching(table, static_cast<int64_t>(rows));
  rows_passed_by_.fetch_add(rows, std::memory_order_relaxed);
  out_(seal(std::move(batch)));
}

void EnrichStage::put(flow::FullBatch batch) {
  const uint64_t rows = batch->rows();
  if (queue_.push(batch)) return;
  rows_passed_by_.fetch_add(rows, std::memory_order_relaxed);
  out_(seal(std::move(batch)));
}

void EnrichStage::finish() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void EnrichStage::run() {
  while (!queue_.finished()) {
    auto batch = queue_.pop(std::chrono::milliseconds{100});
    if (!batch) continue;
    const uint64_t rows = (*batch)->rows();
    apply(**batch);
    {
      const auto held = ledger_.hold();
      ledger_.note_enriching((*batch)->schema().table(), -static_cast<int64_t>(rows));
      out_(seal(*std::move(batch)));
    }
    rows_enriched_.fetch_add(rows, std::memory_order_relaxed);
  }
}

void EnrichStage::apply(flow::FlowBatch& batch) {
  for (const auto& pass : passes_) {
    try {
      pass->apply(batch);
    } catch (const std::exception& e) {
      if (failures_.fetch_add(1, std::memory_order_relaxed) == 0)
        log::error("{}: {}; rows go on without its values, further failures are only counted", pass->name(), e.what());
    }
  }
}

EnrichCounters EnrichStage::counters() const {
  return {.rows_enriched = rows_enriched_.load(std::memory_order_relaxed),
          .rows_passed_by = rows_passed_by_.load(std::memory_order_relaxed),
          .failures = failures_.load(std::memory_order_relaxed)};
}

}  // namespace weir::pipeline
