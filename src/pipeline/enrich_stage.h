// EnrichStage: the passes of enrichment over full batches, in a thread of their own, before they are sealed. A
// collector without passes has no such stage.
//
// No row waits for a name: where the passes do not keep up, batches go past them unchanged, and their rows are counted.
// A pass that throws leaves the batch as far as it came.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "enrich/pass.h"
#include "flow/batch_builder.h"
#include "flow/ledger.h"

namespace weir::pipeline {

struct EnrichCounters {
  uint64_t rows_enriched = 0;
  uint64_t rows_passed_by = 0;  // not enriched: the passes did not keep up
  uint64_t failures = 0;        // batches that a pass threw at
};

class EnrichStage {
 public:
  using Out = std::function<void(const flow::SealedBatch&)>;
  using Passes = std::vector<std::shared_ptr<enrich::Pass>>;

  // passes: in this order. out: where sealed batches go, from any thread.
  // ledger: knows which rows wait here.
  EnrichStage(Passes passes, size_t queue_batches, flow::Ledger& ledger, Out out);
  ~EnrichStage() { finish(); }
  EnrichStage(const EnrichStage&) = delete;
  EnrichStage& operator=(const EnrichStage&) = delete;

  // Throws std::system_error if no thread can be started.
  void start();
  // Any thread, which holds Ledger::hold(). Never waits.
  void offer(flow::FullBatch batch);
  // The same, but waits for room.
  void put(flow::FullBatch batch);
  // Returns when every batch has gone out. None comes any more.
  void finish();

  EnrichCounters counters() const;

 private:
  void run();
  void apply(flow::FlowBatch& batch);

  const Passes passes_;
  flow::Ledger& ledger_;
  const Out out_;
  BoundedQueue<flow::FullBatch> queue_;
  std::atomic<uint64_t> rows_enriched_ = 0;
  std::atomic<uint64_t> rows_passed_by_ = 0;
  std::atomic<uint64_t> failures_ = 0;
  std::thread thread_;
};

}  // namespace weir::pipeline
