// The folders and file names below a store, as drawn in store.h, and what is found there: the one place that knows
// them. Everything that is not ours (other names, links, folders of other shapes) is left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/schema.h"
#include "store/segments.h"

namespace weir::store {

inline constexpr std::string_view kTemporarySuffix = ".tmp";    // being written; left over after a crash
inline constexpr std::string_view kCorruptSuffix = ".corrupt";  // set aside, cannot be read
inline constexpr uint64_t kMaxSequence = 999'999'999'999'999;   // 31 years at a million segments a second
inline constexpr Timestamp kEarliest = timestamp_from_us(0);    // 1970-01-01
inline constexpr Timestamp kLatest = timestamp_from_us(253'402'300'799'999'999);  // 9999-12-31T23:59:59.999999

// Each table of a store is a folder of its own, with the table's name.
inline std::filesystem::path table_folder(const std::filesystem::path& store, flow::Table table) {
  return store / name(table);
}

using Hour = std::chrono::sys_time<std::chrono::hours>;
inline Hour hour_of(Timestamp t) { return std::chrono::floor<std::chrono::hours>(t); }

// date=2026-11-22/hour=14
std::filesystem::path hour_folder_name(Hour hour);

struct HourFolder {
  std::filesystem::path path;
  Hour hour;
  flow::Table table;
  std::filesystem::path table_folder() const { return path.parent_path().parent_path(); }
  // The columns of this version.
  const flow::Schema& schema() const { return *flow::Schema::of(table); }
};

// What is not read, and why.
struct LeftOut {
  std::filesystem::path path;
  std::string reason;
};

// The hour folders of a table of a store, oldest first; none if nothing was written to the table yet. Fails if its
// folder cannot be read; what vanishes meanwhile is left out. With `unreadable`, days that cannot be read are put
// there.
Result<std::vector<HourFolder>> list_hours(const std::filesystem::path& store, flow::Table table,
                                           std::vector<LeftOut>* unreadable = nullptr);

// The files of an hour folder whose name is a segment's followed by `suffix`, by sequence. Segments with times outside
// the hour are not ours. Empty if the folder has vanished.
Result<std::vector<Segment>> scan_hour(const HourFolder& folder, std::string_view suffix = {});

// True if all rows of `inner` are in `outer` too, when both are in one hour folder.
bool covers(const Segment& outer, const Segment& inner);

struct Coverage {
  std::vector<Segment> visible;
  std::vector<Segment> covered;  // merged into a visible one
};
// Splits the segments of one hour folder; both keep their order.
Coverage split_covered(std::vector<Segment> segments);

}  // namespace weir::store
