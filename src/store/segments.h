// Which segments a store has, from file names alone: no lock, no index, safe while a collector writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/table.h"

namespace weir::store {

struct Segment {
  std::filesystem::path path;
  Timestamp first;  // time_received of its first and last row
  Timestamp last;
  unsigned generation = 0;  // 0 as flushed, 1 merged by minutes, 2 by the hour
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  uint64_t bytes = 0;
};

// The name without its folder; parse is its inverse, nullopt for any other file.
std::string segment_name(const Segment& segment);
std::optional<Segment> parse_segment_name(const std::filesystem::path& path);

// Fails if there is no store at `directory`, or none that this user may look into.
Result<> find_store(const std::filesystem::path& directory);

// The segments that together hold each row once, oldest first: those covered by a merged one are left out. Only those
// that may hold rows received in [from, to) when given. A table that nothing was written to has none. Fails if there is
// no store at `directory`.
Result<std::vector<Segment>> list_segments(const std::filesystem::path& directory, std::optional<Timestamp> from = {},
                                           std::optional<Timestamp> to = {}, flow::Table table = flow::Table::flows);

}  // namespace weir::store
