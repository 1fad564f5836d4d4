// Reads all segments again, slowly, for ever: a bit that rots under a file that was whole once is found before the file
// is merged or asked. What is found whole is noted for readers (verified_files.h), so that they need not read it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>

#include "base/time.h"
#include "store/layout.h"
#include "store/shared_counters.h"
#include "store/store.h"
#include "store/verify.h"

namespace weir::store {

class Scrub {
 public:
  // damaged: is told of each damaged segment, to set it aside.
  Scrub(std::filesystem::path store, SharedCounters& counters, std::function<void(const Segment&)> damaged)
      : store_(std::move(store)), counters_(counters), damaged_(std::move(damaged)) {}

  // One segment; returns when it is read, or soon after stop(). One thread at a time.
  void step(const ScrubOptions& options, Timestamp now);
  // From another thread. Final.
  void stop();

 private:
  std::optional<Segment> next() const;
  bool stopped();
  bool wait_for(std::chrono::microseconds time);

  std::filesystem::path store_;
  SharedCounters& counters_;
  std::function<void(const Segment&)> damaged_;
  // Where the round is: segments are read in the order of tables, hours and names.
  size_t table_ = flow::kTableCount;
  std::filesystem::path after_;
  std::optional<Timestamp> round_began_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
};

}  // namespace weir::store
