// Segments are numbered without gaps, so a number that is nowhere is a segment that was lost. What retention deletes is
// noted in TABLE/expired, lines of "first-last", before it goes. The greatest number that there ever was is noted in
// TABLE/newest, "number time", so that those at the end are missed, too; time: of the segment's last row, in
// microseconds since 1970.
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
inline constexpr std::string_view kNewestFile = "newest";

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

// The last segment that was written; number 0: none, or nothing is known.
struct NewestSegment {
  uint64_t number = 0;
  Timestamp last{};
};

// Numbers up to the newest that no segment has, and the times that they lie between: of their neighbours.
struct SequenceGap {
  SequenceRange numbers;
  Timestamp from;
  Timestamp to;
  bool operator==(const SequenceGap&) const = default;
};
// segments: of one table, in any order, also those set aside. expired: joined.
std::vector<SequenceGap> find_gaps(std::vector<Segment> segments, std::span<const SequenceRange> expired,
                                   const NewestSegment& newest = {});

// The numbers that are known to be gone; none if there is no such file, and lines that are none are passed over.
std::vector<SequenceRange> read_expired(const std::filesystem::path& table_folder);
Result<> add_expired(const std::filesystem::path& table_folder, std::span<const SequenceRange> ranges);

NewestSegment read_newest(const std::filesystem::path& table_folder);
// Once the segment is there. Without syncing: after a power cut it may be one that came before, and nothing wrong is
// told.
void note_newest(const std::filesystem::path& table_folder, const NewestSegment& newest);

}  // namespace weir::store
