// The state of all sessions in a file, so that data decode at once after a restart (format: decode/session/state.h).
// It is written as a whole to a temporary file, synced and renamed: after a crash there is the old one or the new one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "decode/common/limits.h"
#include "pipeline/shared_state.h"
#include "pipeline/state_counters.h"

namespace weir::pipeline {

class StateFile {
 public:
  StateFile(std::filesystem::path path, SharedState& state) : path_(std::move(path)), state_(state) {}

  // What the file holds and is not too old, into the shared state; logs how much. A damaged file is set aside as
  // NAME.corrupt, one of another version of the format as NAME.version-N; the collector starts without it.
  void load(Timestamp now, const decode::Limits& limits);
  // Writes if anything has changed. One thread at a time.
  void save(Timestamp now, std::chrono::seconds lifetime);

  StateFileCounters counters() const;

 private:
  void set_aside(const decode::StateProblem& problem);

  const std::filesystem::path path_;
  SharedState& state_;
  std::optional<uint64_t> saved_version_;
  mutable std::mutex mutex_;
  StateFileCounters counters_;  // guarded by mutex_
};

// For a replay that is to begin where a collector stands. Fails if the file cannot be read or is damaged.
Result<decode::DecodedState> read_state_file(const std::filesystem::path& path, const decode::Limits& limits);

}  // namespace weir::pipeline
