// The memory of this process against the operator's limit (limits.memory). Above it, new load is refused and counted
// until memory has gone down: a collector that ends, or that the kernel ends, loses more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"

namespace weir::pipeline {

// Resident memory of this process, in bytes (proc(5), /proc/self/statm).
Result<uint64_t> resident_bytes();

class MemoryWatch {
 public:
  using Measure = std::function<Result<uint64_t>()>;

  // limit_bytes: nothing: no limit, but still measured.
  explicit MemoryWatch(std::optional<uint64_t> limit_bytes, Measure measure = resident_bytes)
      : measure_(std::move(measure)) {
    set_limit(limit_bytes);
  }

  // Measures, and begins or ends to refuse; a log line for each of both. One thread at a time, once a second or so.
  void check();

  // From any thread.
  bool refusing() const { return refusing_.load(std::memory_order_relaxed); }
  uint64_t resident() const { return resident_.load(std::memory_order_relaxed); }
  // 0: none.
  uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::optional<uint64_t> limit_bytes) { limit_ = limit_bytes.value_or(0); }

 private:
  const Measure measure_;
  std::atomic<uint64_t> limit_ = 0;
  std::atomic<uint64_t> resident_ = 0;
  std::atomic<bool> refusing_ = false;
};

}  // namespace weir::pipeline
