// What leaves a store: by age, by total size (oldest first), and what a merge has replaced.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "base/log.h"
#include "store/maintenance.h"
#include "store/parquet/checksum.h"

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
  std::erase_if(hour.corrupt, [&](const Segment& s) { return s.last < now - *options.max_age && delete_file(s); });
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
    for (const Segment& s : oldest_first) {
      if (options.max_age && s.last < now - *options.max_age) {
        expire_segment(hour, s, "older than the retention time");
        total -= s.bytes;
      } else if (options.max_bytes && total > *options.max_bytes) {
        expire_segment(hour, s, "the store is larger than its limit");
        total -= s.bytes;
      }
    }
    expire_corrupt(hour, options, now);
  }
}

void Maintenance::delete_covered(HourState& hour, const StoreOptions& options, Timestamp now) {
  const auto replaced_long_ago = [&](const Segment& inner) {
    const auto outer = std::ranges::find_if(hour.segments.visible, [&](const Segment& s) { return covers(s, inner); });
    if (outer == hour.segments.visible.end()) return false;
    const auto since = modified(outer->path);
    if (!since || now - *since < options.delete_grace) return false;
    // The last look before the originals go.
    if (!parquet::looks_like_parquet(outer->path)) {
      set_aside(*outer, "it does not begin and end as a Parquet file");
      hour.segments.visible.erase(outer);
      return false;
    }
    return delete_file(inner);
  };
  std::erase_if(hour.segments.covered, replaced_long_ago);
}

void Maintenance::remove_if_empty(const HourState& hour) {
  if (!hour.segments.visible.empty() || !hour.segments.covered.empty() || !hour.corrupt.empty()) return;
  const std::lock_guard lock(folders_);
  // Both fail, harmlessly, if there is something inside.
  if (::rmdir(hour.folder.path.c_str()) == 0) ::rmdir(hour.folder.path.parent_path().c_str());
}

}  // namespace weir::store
