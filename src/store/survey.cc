#include "store/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <tuple>

namespace weir::store {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 5;  // how often the folders are listed again because they changed

std::string numbers_text(const SequenceRange& range) {
  if (range.first == range.last) return fmt::format("segment {} is", range.first);
  return fmt::format("segments {} to {} are", range.first, range.last);
}

}  // namespace

Result<Survey> Surveyor::survey(flow::Table table, std::optional<Timestamp> from, std::optional<Timestamp> to) {
  TRY(find_store(store_));
  from_ = from;
  to_ = to;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    Survey survey;
    std::vector<Hour> hours = TRY(list(table, survey.missing));
    const bool readable = survey.missing.empty();
    const bool settled = verify(hours, survey.missing);
    if (stopped_) return fail("interrupted");
    if (!settled) continue;
    for (const Hour& hour : hours) {
      if (!hour.wanted) continue;
      add_corrupt(hour, survey.missing);
      for (Segment& s : split_covered(hour.segments).visible) {
        if (in_window(s)) survey.segments.push_back(std::move(s));
      }
    }
    // What cannot be listed has numbers, too.
    if (readable && !add_gaps(table, hours, survey.missing)) continue;
    std::ranges::sort(survey.segments, {}, [](const Segment& s) { return std::tuple(s.first, s.first_sequence); });
    return survey;
  }
  return fail("files of {} come and go while they are listed", store_.string());
}

double Surveyor::progress() const {
  const uint64_t wanted = bytes_wanted_;
  return wanted == 0 ? -1 : 100 * static_cast<double>(bytes_read_) / static_cast<double>(wanted);
}

// Those of the window, and one on either side: a segment that is missing at the edge lies between numbers.
Result<std::vector<Surveyor::Hour>> Surveyor::list(flow::Table table, std::vector<LeftOut>& missing) {
  const std::vector<HourFolder> folders = TRY(list_hours(store_, table, &missing));
  const auto wanted = [&](const HourFolder& folder) {
    return (!from_ || folder.hour + std::chrono::hours{1} > *from_) && (!to_ || folder.hour < *to_);
  };
  std::vector<Hour> hours;
  for (size_t i = 0; i < folders.size(); ++i) {
    const bool before = i + 1 < folders.size() && wanted(folders[i + 1]);
    const bool after = i > 0 && wanted(folders[i - 1]);
    const bool inside = wanted(folders[i]);
    if (!inside && !before && !after) continue;
    auto segments = scan_hour(folders[i]);
    auto corrupt = segments ? scan_hour(folders[i], kCorruptSuffix) : segments;
    if (!segments || !corrupt) {
      missing.push_back({folders[i].path, (segments ? corrupt : segments).error().message});
      continue;
    }
    hours.push_back({folders[i], inside, std::move(*segments), {}, std::move(*corrupt)});
  }
  return hours;
}

std::vector<Surveyor::Task> Surveyor::unchecked(std::vector<Hour>& hours) const {
  std::vector<Task> tasks;
  for (Hour& hour : hours) {
    if (!hour.wanted) continue;
    for (Segment& s : split_covered(hour.segments).visible) {
      if (!in_window(s)) continue;
      auto identity = FileIdentity::of(s);
      if (identity && (verified_.contains(*identity) || checked_.contains(*identity))) continue;
      tasks.push_back({&hour, std::move(s), identity, {}});
    }
  }
  return tasks;
}

bool Surveyor::verify(std::vector<Hour>& hours, std::vector<LeftOut>& missing) {
  bool settled = true;
  for (bool again = true; again && settled && !stopped_;) {
    again = false;
    std::vector<Task> tasks = unchecked(hours);
    run(tasks);
    if (stopped_) break;
    for (Task& task : tasks) {
      if (task.verdict.state == SegmentState::vanished) settled = false;
      if (task.verdict.state == SegmentState::whole || task.verdict.state == SegmentState::unverified) {
        // What was written to while it was read is another file by its times, and is read again.
        if (!task.identity || task.identity != FileIdentity::of(task.segment)) continue;
        checked_.insert(*task.identity);
        if (task.verdict.state == SegmentState::whole && task.identity->settled()) verified_.add(*task.identity);
        continue;
      }
      // Without it, what it covers counts.
      std::erase_if(task.hour->segments, [&](const Segment& s) { return s.path == task.segment.path; });
      again = true;
      if (task.verdict.state == SegmentState::vanished) continue;
      missing.push_back({task.segment.path, std::move(task.verdict.reason)});
      task.hour->failed.push_back(std::move(task.segment));
    }
  }
  verified_.save();
  return settled;
}

void Surveyor::run(std::vector<Task>& tasks) {
  bytes_read_ = 0;
  bytes_wanted_ = 0;
  for (const Task& task : tasks) bytes_wanted_ += task.segment.bytes;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < tasks.size() && !stopped_; i = next++) {
      tasks[i].verdict = verify_segment(tasks[i].segment, [&](size_t bytes) {
        bytes_read_ += bytes;
        return !stopped_;
      });
    }
  };
  std::vector<std::thread> helpers;
  while (helpers.size() + 1 < std::min<size_t>(threads_, tasks.size())) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  bytes_wanted_ = 0;
}

// Not if others have its rows: the originals of a merge, or a repaired copy.
void Surveyor::add_corrupt(const Hour& hour, std::vector<LeftOut>& missing) const {
  const std::vector<SequenceRange> there = ranges_of(hour.segments);
  for (const Segment& s : hour.corrupt) {
    if (!in_window(s) || holds(there, {s.first_sequence, s.last_sequence})) continue;
    missing.push_back({s.path, "it was found damaged and set aside"});
  }
}

// Of all hours, also those set aside. Empty if they cannot be listed, which is told elsewhere.
std::vector<Segment> Surveyor::everything(flow::Table table) const {
  std::vector<Segment> all;
  const auto folders = list_hours(store_, table);
  if (!folders) return {};
  for (const HourFolder& folder : *folders) {
    for (const std::string_view suffix : {std::string_view(), kCorruptSuffix}) {
      auto segments = scan_hour(folder, suffix);
      if (!segments) return {};
      std::ranges::move(*segments, std::back_inserter(all));
    }
  }
  return all;
}

// Numbers that are not in these hours may be in others, as with captures replayed later. And folders are listed one
// after the other while a collector writes: what is missing in two listings of everything is missing.
bool Surveyor::add_gaps(flow::Table table, const std::vector<Hour>& hours, std::vector<LeftOut>& missing) const {
  std::vector<Segment> near;
  for (const Hour& hour : hours) {
    for (const auto* part : {&hour.segments, &hour.failed, &hour.corrupt})
      near.insert(near.end(), part->begin(), part->end());
  }
  const fs::path folder = table_folder(store_, table);
  const std::vector<SequenceRange> expired = read_expired(folder);
  const NewestSegment newest = read_newest(folder);
  std::vector<SequenceGap> suspected = find_gaps(std::move(near), expired, newest);
  // After the last of these hours there are usually others.
  std::erase_if(suspected, [&](const SequenceGap& gap) { return !in_window(gap.from, gap.to); });
  if (suspected.empty()) return true;
  std::vector<Segment> all = everything(table);
  const auto came_meanwhile = [&](const Segment& s) {
    const bool listed = std::ranges::any_of(
        hours, [&](const Hour& hour) { return hour.wanted && hour.folder.hour == hour_of(s.first); });
    return listed && std::ranges::any_of(suspected, [&](const SequenceGap& gap) {
             return gap.numbers.first <= s.first_sequence && s.last_sequence <= gap.numbers.last;
           });
  };
  if (std::ranges::any_of(all, came_meanwhile)) return false;
  const std::vector<SequenceGap> first = find_gaps(std::move(all), expired, newest);
  if (first.empty()) return true;
  const std::vector<SequenceGap> second = find_gaps(everything(table), read_expired(folder), newest);
  for (const SequenceGap& gap : first) {
    // Segments that came meanwhile change the times between which it lies.
    if (std::ranges::find(second, gap.numbers, &SequenceGap::numbers) == second.end()) continue;
    if (!in_window(gap.from, gap.to)) continue;
    // Earlier versions did not note what they deleted.
    missing.push_back(
        {folder, fmt::format("{} missing, of between {} and {}; if they were deleted, by hand or by retention "
                             "of an earlier version, tell no more of them: weir check --store {} --accept-gaps",
                             numbers_text(gap.numbers), to_rfc3339(gap.from), to_rfc3339(gap.to), store_.string())});
  }
  return true;
}

}  // namespace weir::store
