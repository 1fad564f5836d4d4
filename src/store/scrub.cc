#include "store/scrub.h"

#include <algorithm>

#include "store/verified_files.h"

namespace weir::store {

void Scrub::step(const ScrubOptions& options, Timestamp now) {
  if (options.bytes_per_second == 0) return;
  if (table_ == flow::kTableCount) {
    // Earlier than its beginning: the clock was set back.
    if (round_began_ && now >= *round_began_ && now - *round_began_ < options.round) return;
    round_began_ = now;
    table_ = 0;
    after_.clear();
  }
  const std::optional<Segment> segment = next();
  if (!segment) {
    after_.clear();
    if (++table_ == flow::kTableCount) counters_.update([](StoreCounters& c) { ++c.scrub_rounds; });
    return;
  }
  const auto identity = FileIdentity::of(*segment);
  const SegmentVerdict verdict = verify_segment(*segment, [&](size_t bytes) {
    counters_.update([&](StoreCounters& c) { c.scrubbed_bytes += bytes; });
    return wait_for(std::chrono::microseconds(bytes * 1'000'000 / options.bytes_per_second));
  });
  if (stopped()) return;
  after_ = segment->path;
  counters_.update([](StoreCounters& c) { ++c.scrubbed_segments; });
  if (verdict.state == SegmentState::damaged) damaged_(*segment);
  if (verdict.state != SegmentState::whole || !identity || !identity->settled()) return;
  if (identity != FileIdentity::of(*segment)) return;
  VerifiedFiles verified(store_);
  verified.add(*identity);
  verified.save();
}

bool Scrub::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void Scrub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

// The one after the last in the order of paths, which is that of hours. What cannot be listed is for maintenance to
// tell.
std::optional<Segment> Scrub::next() const {
  const auto hours = list_hours(store_, flow::kTables[table_]);
  if (!hours) return std::nullopt;
  for (const HourFolder& hour : *hours) {
    if (!after_.empty() && hour.path < after_.parent_path()) continue;
    auto segments = scan_hour(hour);
    if (!segments) continue;
    std::ranges::sort(*segments, {}, &Segment::path);
    const auto found =
        std::ranges::find_if(*segments, [&](const Segment& s) { return after_.empty() || s.path > after_; });
    if (found != segments->end()) return *found;
  }
  return std::nullopt;
}

bool Scrub::wait_for(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopped_; });
}

}  // namespace weir::store
