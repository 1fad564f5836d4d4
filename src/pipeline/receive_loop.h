// What one receiving thread does: datagrams from its sockets, through its decoder, into batches for the store. Nothing
// here ever waits for the store: a batch that does not fit into the queue is dropped and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/bounded_queue.h"
#include "decode/decoder.h"
#include "flow/batch_builder.h"
#include "flow/ledger.h"
#include "net/receiver.h"

namespace weir::pipeline {

using BatchQueue = BoundedQueue<flow::SealedBatch>;

struct ReceiveLoopOptions {
  size_t number = 0;  // of the thread, for the ledger
  size_t batch_rows = flow::FlowBatch::kDefaultCapacity;
  std::chrono::milliseconds seal_every{1000};   // a batch leaves at the latest after this time
  std::chrono::milliseconds drain_limit{2000};  // how long stop() goes on taking what the sockets hold
};

class ReceiveLoop {
 public:
  ReceiveLoop(net::Receiver receiver, decode::DecoderOptions decoder, ReceiveLoopOptions options, BatchQueue& queue,
              flow::Ledger& ledger);

  // Until stop(); then takes what the sockets still hold, gives up what waits for a template, hands over the last batch
  // and publishes the last counters. The calling thread owns receiver and decoder meanwhile.
  void run();

  // From any thread.
  void stop();
  void set_options(decode::DecoderOptions options);

 private:
  using Clock = std::chrono::steady_clock;

  // False if there was nothing.
  bool receive(std::chrono::milliseconds timeout);
  void tick();
  void take_options();
  void hand_over();
  void publish();
  void drain();

  net::Receiver receiver_;
  decode::Decoder decoder_;
  const ReceiveLoopOptions options_;
  BatchQueue& queue_;
  flow::Ledger& ledger_;

  std::vector<flow::SealedBatch> sealed_;  // on their way to the queue
  flow::BatchBuilder builder_;
  Clock::time_point next_tick_{};
  Clock::time_point next_publish_{};  // not before, for batches that leave between two ticks
  std::optional<std::string> last_error_;

  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::optional<decode::DecoderOptions> new_options_;  // guarded by mutex_
};

}  // namespace weir::pipeline
