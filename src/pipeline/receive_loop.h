// What one receiving thread does: datagrams from its sockets, through its decoder, into full batches.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/log_limit.h"
#include "net/receiver.h"
#include "pipeline/intake.h"

namespace weir::pipeline {

class ReceiveLoop {
 public:
  ReceiveLoop(net::Receiver receiver, decode::DecoderOptions decoder, ReceiveLoopOptions options, BatchOut out,
              flow::Ledger& ledger);

  // Until stop(); then takes what the sockets still hold, counts what it cannot take in `drain_limit`, gives up what
  // waits for a template, hands over the last batch and publishes the last counters. The calling thread owns receiver
  // and decoder meanwhile.
  void run();

  // From any thread.
  void stop();
  void set_options(decode::DecoderOptions options, std::chrono::milliseconds seal_after) {
    intake_.set_options(std::move(options), seal_after);
  }
  DecodeTimes decode_times() const { return intake_.decode_times(); }

 private:
  // False if there was nothing.
  bool receive(std::chrono::milliseconds timeout);
  void drain();

  net::Receiver receiver_;
  uint64_t left_ = 0;  // datagrams that were in the sockets when the time was over
  const ReceiveLoopOptions options_;
  Intake intake_;
  MessageLimit error_log_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace weir::pipeline
