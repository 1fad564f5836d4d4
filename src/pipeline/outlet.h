// Outlet: the way of sealed batches to one sink. It has a queue, a thread and an account of its own, so that a slow,
// stuck or broken sink holds up neither receiving nor another sink.
//
//   offer   a queue that is full (in batches, so in rows, or in bytes) drops the batch, and counts it: queue_full
//   thread  add() and flush() of the sink; what the sink throws is logged, and its rows count as dropped: store_failed
//   finish  the sink stores what it can; one that does not end in time is left behind, and what it still owes counts
//           as dropped: shutdown
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "flow/batch.h"
#include "flow/ledger.h"
#include "sink/sink.h"

namespace weir::pipeline {

struct OutletOptions {
  size_t queue_batches = 64;
  // Of memory that waiting batches hold. A batch that waits at several outlets is charged to each.
  uint64_t queue_bytes = uint64_t{512} << 20;
  // How long finish() waits for the sink; nothing: as long as it takes.
  std::optional<std::chrono::milliseconds> finish_limit = std::chrono::seconds{30};
  // Called in the outlet's thread when every batch was added, before the sink is closed; may be empty.
  std::function<void()> before_close;
};

struct OutletReport {
  std::string name;
  size_t queue_batches = 0;
  uint64_t queue_bytes = 0;
  size_t queue_batches_limit = 0;
  uint64_t queue_bytes_limit = 0;
};

// How long an outlet whose sink has something to do at `due` waits for the next batch: 100 ms at most, as the clock may
// be set, and the sink's options may change.
std::chrono::milliseconds wait_for_batch(std::optional<Timestamp> due, Timestamp now);

class Outlet {
 public:
  // The account is that of the sink's name.
  Outlet(std::shared_ptr<sink::Sink> sink, flow::Ledger& ledger, OutletOptions options);
  ~Outlet();  // finishes
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  // Throws std::system_error if no thread can be started.
  void start();

  // Any thread. Never waits.
  void offer(const flow::SealedBatch& batch) { offer(batch, account()); }
  // The same, of rows with an account of their own.
  void offer(const flow::SealedBatch& batch, std::shared_ptr<flow::Account> account);
  // The same, but waits for room: for a replay, never for a receiver.
  void put(const flow::SealedBatch& batch);

  // Its rows have been stored before, by an earlier run; they only count.
  void pass(const flow::SealedBatch& batch);

  // No batch comes any more; the thread ends when the sink has them all. Does not wait.
  void close();
  // Closes, and waits for the end of the thread. An outlet that was not started drops what it has.
  void finish();

  OutletReport report() const;

 private:
  struct State;
  std::shared_ptr<flow::Account> account() const;

  const OutletOptions options_;
  std::shared_ptr<State> state_;  // shared with the thread, which may be left behind
  std::thread thread_;
};

}  // namespace weir::pipeline
