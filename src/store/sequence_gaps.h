// Segments are numbered without gaps, so a number that is nowhere is a segment that was lost. What retention deletes is
// noted in TABLE/expired, lines of "first-last", before it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/segments.h"

namespace weir::store {

inline constexpr std::string_view kExpiredFile = "expired";

struct SequenceRange {
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const SequenceRange&) const = default;
};

// Sorted and joined: none overlaps or touches the next.
std::vector<SequenceRange> joined(std::vector<SequenceRange> ranges);
std::vector<SequenceRange> ranges_of(std::span<const Segment> segments);
// Whether every number of a range is in one of `ranges`, which are joined.
bool holds(std::span<const SequenceRange> ranges, const SequenceRange& range);

// Numbers between others that no segment has, and the times that it lies between: of its neighbours.
struct SequenceGap {
  SequenceRange numbers;
  Timestamp from;
  Timestamp to;
  bool operator==(const SequenceGap&) const = default;
};
// segments: of one table, in any order, also those set aside. expired: joined.
std::vector<SequenceGap> find_gaps(std::vector<Segment> segments, std::span<const SequenceRange> expired);

// The numbers that are known to be gone; none if there is no such file, and lines that are none are passed over.
std::vector<SequenceRange> read_expired(const std::filesystem::path& table_folder);
Result<> add_expired(const std::filesystem::path& table_folder, std::span<const SequenceRange> ranges);

}  // namespace weir::store
