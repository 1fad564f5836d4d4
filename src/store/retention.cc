// What leaves a store: by age, by total size (oldest first), and what a merge has replaced.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <numeric>

#include "base/log.h"
#include "store/maintenance.h"
#include "store/sequence_gaps.h"
#include "store/verify.h"

namespace weir::store {
namespace {

std::optional<Timestamp> modified(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return timestamp_from_us(int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000);
}

}  // namespace

bool Maintenance::delete_file(const Segment& segment) {
  if (::unlink(segment.path.c_str()) == 0 || errno == ENOENT) return true;
  tell(log::Level::warn, fail_errno("cannot delete " + segment.path.string()).error().message);
  return false;
}

// Before they go: numbers that are nowhere would count as lost. A full disk must not keep what is to be deleted from
// it: then it is noted in a later round.
void Maintenance::note_expired(const HourState& hour, std::span<const Segment> segments) {
  std::vector<SequenceRange>& open = expired_[hour.folder.table];
  const std::vector<SequenceRange> more = ranges_of(segments);
  open.insert(open.end(), more.begin(), more.end());
  if (open.empty()) return;
  if (const auto noted = add_expired(hour.folder.table_folder(), open); !noted)
    tell(log::Level::warn, noted.error().message);
  else
    open.clear();
}

void Maintenance::expire_segment(HourState& hour, const Segment& segment, const char* why) {
  // Those that it covers go first: without it they would count again.
  const auto covered = [&](const Segment& inner) { return covers(segment, inner) && delete_file(inner); };
  std::erase_if(hour.segments.covered, covered);
  if (std::ranges::any_of(hour.segments.covered, [&](const Segment& inner) { return covers(segment, inner); })) return;
  if (!delete_file(segment)) return;
  log::info("deleted {}: {}", segment.path.filename().string(), why);
  counters_.update([](StoreCounters& c) { ++c.segments_expired; });
  std::erase_if(hour.segments.visible, [&](const Segment& s) { return s.path == segment.path; });
}

void Maintenance::expire_corrupt(HourState& hour, const StoreOptions& options, Timestamp now) {
  if (!options.max_age) return;
  const auto old = [&](const Segment& s) { return s.last < now - *options.max_age; };
  std::vector<Segment> gone;
  std::ranges::copy_if(hour.corrupt, std::back_inserter(gone), old);
  note_expired(hour, gone);
  std::erase_if(hour.corrupt, [&](const Segment& s) { return old(s) && delete_file(s); });
}

void Maintenance::expire(std::vector<HourState>& hours, const StoreOptions& options, Timestamp now) {
  // Covered segments do not count: they are gone within minutes, and no data should go for them.
  uint64_t total = 0;
  for (const HourState& hour : hours) {
    for (const Segment& s : hour.segments.visible) total += s.bytes;
  }
  for (HourState& hour : hours) {  // oldest first
    std::vector<Segment> oldest_first = hour.segments.visible;
    std::ranges::sort(oldest_first, {}, &Segment::first);
    std::vector<Segment> gone;
    for (const Segment& s : oldest_first) {
      const bool old = options.max_age && s.last < now - *options.max_age;
      if (!old && (!options.max_bytes || total <= *options.max_bytes)) continue;
      gone.push_back(s);
      total -= s.bytes;
    }
    note_expired(hour, gone);
    for (const Segment& s : gone) {
      const bool old = options.max_age && s.last < now - *options.max_age;
      expire_segment(hour, s, old ? "older than the retention time" : "the store is larger than its limit");
    }
    expire_corrupt(hour, options, now);
  }
}

// The last look before the originals go. A damaged one is set aside, and they count again.
bool Maintenance::may_replace(HourState& hour, const Segment& merged) {
  const SegmentVerdict verdict = verify_segment(merged, [&](size_t) { return !stopped_; });
  if (verdict.state == SegmentState::damaged) {
    set_aside(merged, verdict.reason);
    std::erase_if(hour.segments.visible, [path = merged.path](const Segment& s) { return s.path == path; });
  }
  return verdict.state == SegmentState::whole || verdict.state == SegmentState::unverified;
}

void Maintenance::delete_covered(HourState& hour, const StoreOptions& options, Timestamp now) {
  const std::vector<Segment> visible = hour.segments.visible;
  for (const Segment& merged : visible) {
    const auto inside = [&](const Segment& inner) { return covers(merged, inner); };
    if (std::ranges::none_of(hour.segments.covered, inside)) continue;
    const auto since = modified(merged.path);
    if (!since || now - *since < options.delete_grace || !may_replace(hour, merged)) continue;
    std::erase_if(hour.segments.covered, [&](const Segment& inner) { return inside(inner) && delete_file(inner); });
  }
}

void Maintenance::remove_if_empty(const HourState& hour) {
  if (!hour.segments.visible.empty() || !hour.segments.covered.empty() || !hour.corrupt.empty()) return;
  const std::lock_guard lock(folders_);
  // Both fail, harmlessly, if there is something inside.
  if (::rmdir(hour.folder.path.c_str()) == 0) ::rmdir(hour.folder.path.parent_path().c_str());
}

}  // namespace weir::store
