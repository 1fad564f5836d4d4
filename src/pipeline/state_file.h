// The state of all sessions in a file, so that data decode at once after a restart (format: decode/session/state.h).
// It is written as a whole to a temporary file, synced and renamed: after a crash there is the old one or the new one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/log_limit.h"
#include "base/result.h"
#include "decode/common/limits.h"
#include "pipeline/shared_state.h"
#include "pipeline/state_counters.h"

namespace weir::pipeline {

class StateFile {
 public:
  // Of a file that is read, and so of one that is written: some millions of templates.
  static constexpr size_t kMaxBytes = size_t{256} << 20;

  StateFile(std::filesystem::path path, SharedState& state, size_t max_bytes = kMaxBytes)
      : path_(std::move(path)), state_(state), max_bytes_(max_bytes) {}

  // What the file holds and is not too old, into the shared state; logs how much. A damaged file is set aside as
  // NAME.corrupt, one of another version of the format as NAME.version-N; the collector starts without it.
  void load(Timestamp now, const decode::Limits& limits);
  // Writes if anything has changed. Where not all sessions have room those that have sent data go first, and of them
  // the small ones. One thread at a time, and none that receives.
  bool save(Timestamp now, std::chrono::seconds lifetime);
  // The same, unless the last time was so long and so short ago that saving would take more than a tenth of the time.
  void save_now_and_then(Timestamp now, std::chrono::seconds lifetime);

  // With a journal. saved is told up to where the file is true; may_save tells whether what is true up to there may be saved
  // yet: the journal is decoded again from there, and templates must not be newer than the data. Before the first call.
  using Reached = std::map<uint64_t, uint64_t>;
  // The file is written at most once in `every`; will_reach is told of a file before it is there.
  struct Journal {
    std::function<bool(const Reached&)> may_save;
    std::function<void(Timestamp saved, const Reached&)> will_reach;
    std::function<void(const Reached&)> saved;
    std::chrono::milliseconds every{0};
  };
  void set_journal(Journal journal) { journal_ = std::move(journal); }
  // When the file that was loaded was saved; nothing: none was.
  std::optional<Timestamp> loaded() const { return saved_at_; }
  // The same as save(), of what is known now, whether it may be saved or not: nothing is decoded again.
  void save_last(Timestamp now, std::chrono::seconds lifetime);

  StateFileCounters counters() const;

 private:
  struct Snapshot {
    std::vector<decode::SessionStatePtr> sessions;
    uint64_t version = 0;
    Reached reached;
    Timestamp taken{};
  };
  Snapshot take_snapshot(Timestamp now) const;
  // True if the file was written, or should have been.
  bool write(const Snapshot& snapshot);
  std::vector<uint8_t> encode(const Snapshot& snapshot, uint64_t& left_out) const;
  void tell(log::Level level, const std::string& line);
  void set_aside(const decode::StateProblem& problem);

  const std::filesystem::path path_;
  SharedState& state_;
  const size_t max_bytes_;
  std::chrono::steady_clock::time_point next_save_{};
  std::optional<uint64_t> saved_version_;
  Journal journal_;
  std::optional<Timestamp> saved_at_;  // the file that is there
  std::optional<Snapshot> waiting_;    // until it may be saved
  MessageLimit log_;                   // of saving
  mutable std::mutex mutex_;
  StateFileCounters counters_;  // guarded by mutex_
};

// For a replay that is to begin where a collector stands. Fails if the file cannot be read or is damaged.
Result<decode::DecodedState> read_state_file(const std::filesystem::path& path, const decode::Limits& limits);

}  // namespace weir::pipeline
