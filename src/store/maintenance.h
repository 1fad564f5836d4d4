// The background work of a store, one round at a time: delete what was merged long enough ago, expire, merge, set aside
// what cannot be read, remove empty folders. Everything that it needs to know is in the folders, so a crash at any
// point costs nothing but the work.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/log_limit.h"
#include "duck/duck.h"
#include "store/layout.h"
#include "store/merge.h"
#include "store/sequence_gaps.h"
#include "store/shared_counters.h"
#include "store/store.h"
#include "store/stored_marks.h"

namespace weir::store {

class Maintenance {
 public:
  Maintenance(const std::filesystem::path& store, SharedCounters& counters, std::mutex& folders)
      : store_(store), counters_(counters), folders_(folders) {}

  // One thread at a time.
  void round(const StoreOptions& options, Timestamp now);
  // From another thread: ends the round under way soon, and all later ones at once.
  void stop();
  // A segment that was found damaged outside of a round; looks again, and sets it aside.
  void report_damaged(const Segment& segment);
  // What merged segments need not say any more of a journal. Before the first round.
  void set_forget(ForgetMarks forget) { forget_ = std::move(forget); }
  // What DuckDB holds in memory for merging. From any thread.
  uint64_t memory_held();

 private:
  struct HourState {
    HourFolder folder;
    Coverage segments;
    std::vector<Segment> corrupt;  // set aside earlier
  };

  void tell(log::Level level, const std::string& line);
  // Of all tables, oldest first.
  std::optional<std::vector<HourState>> scan();
  std::optional<HourState> scan(const HourFolder& folder);

  // retention.cc
  bool delete_file(const Segment& segment);
  void note_expired(const HourState& hour, std::span<const Segment> segments);
  bool may_replace(HourState& hour, const Segment& merged);
  void expire(std::vector<HourState>& hours, const StoreOptions& options, Timestamp now);
  void expire_corrupt(HourState& hour, const StoreOptions& options, Timestamp now);
  void expire_segment(HourState& hour, const Segment& segment, const char* why);
  void delete_covered(HourState& hour, const StoreOptions& options, Timestamp now);
  void remove_if_empty(const HourState& hour);

  // compaction.cc
  // As merge().
  bool compact(const HourState& before, const StoreOptions& options, Timestamp now);
  // False if the disk did not take the result: other merges will have no more luck now.
  bool merge(const HourFolder& folder, const MergePlan& plan, Timestamp now);
  void back_off(const HourFolder& folder, const MergePlan& plan, const std::string& why, Timestamp now);
  bool backs_off(const HourFolder& folder, Timestamp now) const;
  void forget_back_offs(const std::vector<HourState>& hours);
  std::expected<void, MergeError> rewrite(const HourFolder& folder, const MergePlan& plan,
                                          const std::filesystem::path& path, const flow::Marks& marks);
  std::expected<void, MergeError> write_merged(const HourFolder& folder, const MergePlan& plan,
                                               const std::filesystem::path& path, const flow::Marks& marks);
  std::expected<void, MergeError> run_merge(const HourFolder& folder, const MergePlan& plan);
  bool set_aside_unreadable(const HourFolder& folder, const std::vector<Segment>& segments, bool rewrite);
  void set_aside(const Segment& segment, const std::string& reason);
  Result<duck::Connection*> connect();
  void disconnect();

  const std::filesystem::path store_;
  ForgetMarks forget_;
  SharedCounters& counters_;
  std::mutex& folders_;
  // Hours whose last merge failed, not by damaged inputs: the others go on.
  struct BackOff {
    Timestamp again_at;
    Micros wait;
  };
  std::map<std::filesystem::path, BackOff> back_offs_;
  flow::PerTable<std::vector<SequenceRange>> expired_;  // not noted yet
  uint64_t merge_memory_bytes_ = 0;                     // of this round
  MessageLimit log_;                                    // of what fails in each round anew

  std::atomic<bool> stopped_ = false;
  std::mutex session_mutex_;  // for who comes from another thread
  std::optional<duck::Session> session_;
};

}  // namespace weir::store
