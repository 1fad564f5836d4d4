// Merging segments, and setting aside those that cannot be read.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "store/concatenate.h"
#include "store/files.h"
#include "store/maintenance.h"
#include "store/parquet/checksum.h"
#include "store/verify.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

constexpr Micros kFirstBackOff{60'000'000};
constexpr Micros kLongestBackOff{3'600'000'000};

// The clock of the files, which the deletion of merged segments goes by.
bool older_than(const Segment& segment, Timestamp now, Micros age) {
  struct stat status{};
  if (::stat(segment.path.c_str(), &status) != 0) return false;
  return now - timestamp_from_us(int64_t{status.st_mtim.tv_sec} * 1'000'000) >= age;
}

// Whether a failure says nothing about the files that were read.
bool is_of_the_world(duck::ErrorKind kind) {
  return kind == duck::ErrorKind::memory || kind == duck::ErrorKind::interrupted || kind == duck::ErrorKind::permission;
}

}  // namespace

void Maintenance::tell(log::Level level, const std::string& line) {
  if (const auto more = log_.allows(line, MessageLimit::Clock::now())) {
    log::log(level, "{}{}", line, more_like_this(*more));
  }
}

std::optional<Maintenance::HourState> Maintenance::scan(const HourFolder& folder) {
  auto segments = scan_hour(folder);
  auto corrupt = segments ? scan_hour(folder, kCorruptSuffix) : segments;
  if (!segments || !corrupt) {
    tell(log::Level::warn, (segments ? corrupt : segments).error().message);
    return std::nullopt;
  }
  return HourState{folder, split_covered(std::move(*segments)), std::move(*corrupt)};
}

std::optional<std::vector<Maintenance::HourState>> Maintenance::scan() {
  std::vector<HourState> hours;
  for (const flow::Table table : flow::kTables) {
    const auto folders = list_hours(store_, table);
    if (!folders) {
      tell(log::Level::warn, folders.error().message);
      return std::nullopt;
    }
    for (const HourFolder& folder : *folders) {
      if (auto hour = scan(folder)) hours.push_back(std::move(*hour));
    }
  }
  std::ranges::stable_sort(hours, {}, [](const HourState& hour) { return hour.folder.hour; });
  return hours;
}

void Maintenance::round(const StoreOptions& options, Timestamp now) {
  merge_memory_bytes_ = options.merge_memory_bytes;
  auto hours = scan();
  if (!hours) return;
  for (HourState& hour : *hours) delete_covered(hour, options, now);
  expire(*hours, options, now);
  forget_back_offs(*hours);
  bool merging = options.compact;
  for (HourState& hour : *hours) {
    if (stopped_) break;
    if (merging) merging = compact(hour, options, now);
    remove_if_empty(hour);
  }
  disconnect();
}

bool Maintenance::compact(const HourState& before, const StoreOptions& options, Timestamp now) {
  if (before.segments.visible.size() < 2 || backs_off(before.folder, now)) return true;
  // As it is after expiring and setting aside: a plan must know of every segment and every gap.
  const auto state = scan(before.folder);
  if (!state) return true;
  const HourState& hour = *state;
  std::vector<uint64_t> barriers;
  for (const Segment& s : hour.corrupt) barriers.insert(barriers.end(), {s.first_sequence, s.last_sequence});
  const bool settled = std::ranges::all_of(hour.segments.visible,
                                           [&](const Segment& s) { return older_than(s, now, options.compact_after); });
  for (const MergePlan& plan :
       plan_merges(hour.segments.visible, barriers, hour.folder.hour, settled, now, options.compact_after)) {
    if (stopped_ || backs_off(hour.folder, now)) return true;
    if (!merge(hour.folder, plan, now)) return false;
  }
  return true;
}

bool Maintenance::merge(const HourFolder& folder, const MergePlan& plan, Timestamp now) {
  const auto merged = run_merge(folder, plan);
  if (stopped_) return true;
  if (merged) {
    back_offs_.erase(folder.path);
    counters_.update([&](StoreCounters& c) { c.segments_compacted += plan.inputs.size(); });
    return true;
  }
  // An input that cannot be read is set aside, and the others are merged in the next round.
  const MergeError& failure = merged.error();
  if (!failure.writing && !is_of_the_world(failure.kind) &&
      set_aside_unreadable(folder, plan.inputs, failure.kind != duck::ErrorKind::io))
    return true;
  if (!stopped_) back_off(folder, plan, failure.message, now);
  return !failure.writing;
}

void Maintenance::back_off(const HourFolder& folder, const MergePlan& plan, const std::string& why, Timestamp now) {
  BackOff& hour = back_offs_[folder.path];
  hour.wait = std::clamp(hour.wait * 2, kFirstBackOff, kLongestBackOff);
  hour.again_at = now + hour.wait;
  // DuckDB adds advice below its reason.
  const std::string message = fmt::format("cannot merge {} segments in {}: {}", plan.inputs.size(),
                                          folder.path.string(), std::string_view(why).substr(0, why.find('\n')));
  tell(log::Level::error, fmt::format("{}; next try in {}", message, to_human(hour.wait)));
  counters_.update([&](StoreCounters& c) {
    ++c.write_failures;
    c.last_error = message;
  });
}

bool Maintenance::backs_off(const HourFolder& folder, Timestamp now) const {
  const auto hour = back_offs_.find(folder.path);
  return hour != back_offs_.end() && now < hour->second.again_at;
}

void Maintenance::forget_back_offs(const std::vector<HourState>& hours) {
  std::erase_if(back_offs_, [&](const auto& entry) {
    return std::ranges::none_of(hours, [&](const HourState& hour) { return hour.folder.path == entry.first; });
  });
}

std::expected<void, MergeError> Maintenance::rewrite(const HourFolder& folder, const MergePlan& plan,
                                                     const fs::path& path, const flow::Marks& marks) {
  const auto connection = connect();
  if (!connection) return std::unexpected(MergeError{connection.error().message, true});
  auto merged = merge_files(**connection, folder.schema(), plan.inputs, path, marks);
  if (!merged) disconnect();  // after some errors DuckDB refuses all further work
  return merged;
}

// Reading takes memory for what is in the files: where texts are so long that it is too much, small row groups of our
// own writer are better than none.
std::expected<void, MergeError> Maintenance::write_merged(const HourFolder& folder, const MergePlan& plan,
                                                          const fs::path& path, const flow::Marks& marks) {
  if (TRY(concatenate_files(folder.schema(), plan.inputs, path, marks))) return {};
  auto rewritten = rewrite(folder, plan, path, marks);
  if (rewritten || rewritten.error().kind != duck::ErrorKind::memory) return rewritten;
  if (TRY(concatenate_files(folder.schema(), plan.inputs, path, marks, LargeGroup::any()))) return {};
  return rewritten;
}

std::expected<void, MergeError> Maintenance::run_merge(const HourFolder& folder, const MergePlan& plan) {
  for (const Segment& input : plan.inputs) {
    const auto verdict = parquet::verify_file(input.path);
    if (!verdict) return std::unexpected(MergeError{verdict.error().message});
    if (verdict->wholeness == parquet::Wholeness::damaged)
      return std::unexpected(MergeError{fmt::format("{} is damaged: {}", input.path.string(), verdict->reason)});
  }
  flow::Marks marks;
  for (const Segment& input : plan.inputs) {
    if (const auto of_input = read_marks(input.path)) marks.add(*of_input);
  }
  if (forget_) forget_(marks);
  const std::string name = segment_name(merged_segment(plan));
  const fs::path temporary = folder.table_folder() / (name + std::string(kTemporarySuffix));
  TRY(write_merged(folder, plan, temporary, marks));
  std::error_code error;
  fs::last_write_time(temporary, fs::file_time_type::clock::now(), error);  // the grace period begins
  if (std::rename(temporary.c_str(), (folder.path / name).c_str()) != 0) {
    const auto failed = fail_errno("cannot rename a segment to " + (folder.path / name).string());
    fs::remove(temporary, error);
    return std::unexpected(MergeError{failed.error().message, true});
  }
  if (const auto synced = sync_folder(folder.path); !synced)
    return std::unexpected(MergeError{synced.error().message, true});
  return {};
}

// rewrite: also those that can be read but not written again (damaged texts); not when writing itself is what failed.
bool Maintenance::set_aside_unreadable(const HourFolder& folder, const std::vector<Segment>& segments, bool rewrite) {
  bool found = false;
  for (const Segment& segment : segments) {
    if (stopped_) return found;
    const auto verdict = parquet::verify_file(segment.path);
    if (!verdict) continue;  // it has vanished, or it is the disk
    if (verdict->wholeness == parquet::Wholeness::damaged) {
      set_aside(segment, verdict->reason);
      found = true;
      continue;
    }
    const auto connection = connect();
    if (!connection) return found;
    std::expected<void, MergeError> readable;
    if (verdict->wholeness == parquet::Wholeness::unknown) {
      if (const auto checked = check_file(**connection, segment.path); !checked)
        readable = std::unexpected(MergeError{checked.error().message, false, checked.error().kind});
    }
    if (readable && rewrite) {
      std::error_code error;
      const fs::path copy = folder.table_folder() / (segment_name(segment) + std::string(kTemporarySuffix));
      readable = merge_files(**connection, folder.schema(), std::span(&segment, 1), copy);
      fs::remove(copy, error);
    }
    if (readable) continue;
    disconnect();
    if (readable.error().writing || is_of_the_world(readable.error().kind)) continue;
    set_aside(segment, readable.error().message);
    found = true;
  }
  return found;
}

void Maintenance::report_damaged(const Segment& segment) {
  const SegmentVerdict verdict = verify_segment(segment, [&](size_t) { return !stopped_; });
  if (verdict.state == SegmentState::damaged) set_aside(segment, verdict.reason);
}

void Maintenance::set_aside(const Segment& segment, const std::string& reason) {
  fs::path corrupt = segment.path;
  corrupt += kCorruptSuffix;
  if (std::rename(segment.path.c_str(), corrupt.c_str()) != 0) {
    log::error("{}", fail_errno("cannot set aside the corrupt segment " + segment.path.string()).error().message);
    return;
  }
  // DuckDB adds the statement below its reason.
  log::error("a segment cannot be read and is set aside as {}: {}", corrupt.string(),
             reason.substr(0, reason.find('\n')));
  counters_.update([](StoreCounters& c) { ++c.segments_corrupt; });
}

Result<duck::Connection*> Maintenance::connect() {
  if (!session_) {
    auto session = TRY(duck::Session::open({.memory_bytes = merge_memory_bytes_}));
    const std::lock_guard lock(session_mutex_);
    session_.emplace(std::move(session));
  }
  return &session_->connection;
}

void Maintenance::disconnect() {
  const std::lock_guard lock(session_mutex_);
  session_.reset();
}

uint64_t Maintenance::memory_held() {
  const std::lock_guard lock(session_mutex_);
  return session_ ? session_->database.memory_held().value_or(0) : 0;
}

void Maintenance::stop() {
  stopped_ = true;
  const std::lock_guard lock(session_mutex_);
  if (session_) session_->connection.interrupt();
}

}  // namespace weir::store
