#include "store/sequence_gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "store/files.h"

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

std::vector<SequenceGap> find_gaps(std::vector<Segment> segments, std::span<const SequenceRange> expired) {
  std::vector<SequenceGap> gaps;
  if (segments.empty()) return gaps;
  std::ranges::sort(segments, {}, &Segment::first_sequence);
  const Segment* before = &segments.front();  // the one with the greatest number so far
  for (const Segment& s : segments) {
    if (s.first_sequence > before->last_sequence + 1) {
      const SequenceRange numbers{before->last_sequence + 1, s.first_sequence - 1};
      if (!holds(expired, numbers))
        gaps.push_back({numbers, std::min(before->first, s.first), std::max(before->last, s.last)});
    }
    if (s.last_sequence > before->last_sequence) before = &s;
  }
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

}  // namespace weir::store
