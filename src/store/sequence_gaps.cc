#include "store/sequence_gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "store/files.h"
#include "store/layout.h"

namespace weir::store {

std::vector<SequenceRange> joined(std::vector<SequenceRange> ranges) {
  std::ranges::sort(ranges, {}, &SequenceRange::first);
  std::vector<SequenceRange> whole;
  for (const SequenceRange& range : ranges) {
    if (!whole.empty() && range.first <= whole.back().last + 1)
      whole.back().last = std::max(whole.back().last, range.last);
    else
      whole.push_back(range);
  }
  return whole;
}

std::vector<SequenceRange> ranges_of(std::span<const Segment> segments) {
  std::vector<SequenceRange> ranges;
  for (const Segment& s : segments) ranges.push_back({s.first_sequence, s.last_sequence});
  return joined(std::move(ranges));
}

bool holds(std::span<const SequenceRange> ranges, const SequenceRange& range) {
  return std::ranges::any_of(ranges,
                             [&](const SequenceRange& r) { return r.first <= range.first && range.last <= r.last; });
}

std::vector<SequenceGap> find_gaps(std::vector<Segment> segments, std::span<const SequenceRange> expired,
                                   const NewestSegment& newest) {
  std::vector<SequenceGap> gaps;
  const auto add = [&](SequenceRange numbers, Timestamp from, Timestamp to) {
    for (const SequenceRange& range : expired) {
      if (range.last < numbers.first || range.first > numbers.last) continue;
      if (range.first > numbers.first) gaps.push_back({{numbers.first, range.first - 1}, from, to});
      numbers.first = range.last + 1;
    }
    if (numbers.first <= numbers.last) gaps.push_back({numbers, from, to});
  };
  std::ranges::sort(segments, {}, &Segment::first_sequence);
  const Segment* before = nullptr;  // the one with the greatest number so far
  for (const Segment& s : segments) {
    if (before != nullptr && s.first_sequence > before->last_sequence + 1)
      add({before->last_sequence + 1, s.first_sequence - 1}, std::min(before->first, s.first),
          std::max(before->last, s.last));
    if (before == nullptr || s.last_sequence > before->last_sequence) before = &s;
  }
  const uint64_t greatest = before != nullptr ? before->last_sequence : 0;
  const Timestamp since = before != nullptr ? std::min(before->last, newest.last) : newest.last;
  if (greatest < newest.number)
    add({greatest + 1, newest.number}, since, before != nullptr ? std::max(before->last, newest.last) : newest.last);
  return gaps;
}

std::vector<SequenceRange> read_expired(const std::filesystem::path& table_folder) {
  std::vector<SequenceRange> ranges;
  std::ifstream file(table_folder / kExpiredFile);
  SequenceRange range;
  char dash = 0;
  while (file >> range.first >> dash >> range.last) {
    if (dash == '-' && range.first <= range.last) ranges.push_back(range);
  }
  return joined(std::move(ranges));
}

Result<> add_expired(const std::filesystem::path& table_folder, std::span<const SequenceRange> ranges) {
  std::vector<SequenceRange> all = read_expired(table_folder);
  all.insert(all.end(), ranges.begin(), ranges.end());
  std::string text;
  for (const SequenceRange& range : joined(std::move(all))) text += fmt::format("{}-{}\n", range.first, range.last);
  return replace_file(table_folder / kExpiredFile, text);
}

NewestSegment read_newest(const std::filesystem::path& table_folder) {
  std::ifstream file(table_folder / kNewestFile);
  NewestSegment newest;
  int64_t last = 0;
  if (!(file >> newest.number >> last) || newest.number > kMaxSequence) return {};
  newest.last = timestamp_from_us(last);
  return newest;
}

void note_newest(const std::filesystem::path& table_folder, const NewestSegment& newest) {
  replace_quickly(table_folder / kNewestFile, fmt::format("{} {}\n", newest.number, to_us(newest.last)));
}

}  // namespace weir::store
