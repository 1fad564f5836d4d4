// Several segments of one hour into one: which ones belong together (pure), and the merge itself.
//
// Order and generations. A flush makes a segment of generation 0 and gives it the next sequence number. A merge makes
// one of a higher generation out of neighbours, and its name has the first and the last of their numbers:
//
//   flushed           g0 17   g0 18   g0 19   g0 20   g0 21
//   5 minutes later   g1 17-19                g0 20   g0 21
//   the hour is over  g2 17-21
//
// A segment whose numbers lie within those of a higher generation is covered: its rows are in that one, too. Readers
// leave covered segments out by their names alone, so the moment in which the merged segment gets its name is the
// moment from which it counts, and a crash before or after it loses nothing and counts nothing twice. This holds only
// as long as a merged range has no gap: a merge never passes over a segment that it does not take in.
//
// A merge copies row groups as they are where it can (concatenate.h). Otherwise DuckDB reads the rows and our own
// writer writes them; DuckDB writes, too, where a file has columns of types that are none of ours.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "duck/duck.h"
#include "flow/marks.h"
#include "store/layout.h"

namespace weir::store {

struct MergePlan {
  unsigned generation = 0;
  std::vector<Segment> inputs;
};

struct MergeLimits {
  uint64_t bytes = 512 << 20;  // of the inputs of one merge, about 16 million rows
  size_t inputs = 128;         // files that DuckDB has open at once
};

// What to merge in one hour folder.
//   visible   its segments that nothing covers, by sequence
//   barriers  sequence numbers of segments that were set aside: a merge must not span them, as a segment that comes
//             back repaired would count as merged
//   window    segments as flushed are merged by this span of `first`, once the span is over for as long again
//   settled   every segment of the hour is older than the window: an hour that a replay is still filling is left alone
// An hour that is over (and settled) is merged into generation 2, all of it. Only neighbours by sequence are merged.
std::vector<MergePlan> plan_merges(const std::vector<Segment>& visible, std::span<const uint64_t> barriers, Hour hour,
                                   bool settled, Timestamp now, Micros window, const MergeLimits& limits = {});

// The name of the result, without path and bytes.
Segment merged_segment(const MergePlan& plan);

struct MergeError {
  std::string message;
  bool writing = false;  // the result could not be written, which says nothing about the inputs
  duck::ErrorKind kind = duck::ErrorKind::other;
};

// Writes all rows of `inputs` to `path`, with the columns of `schema` (of this version) in their order (sparse ones if
// an input has them) and then any others, and syncs it. marks: what its footer says of a journal. Fails, with nothing left at `path`, unless every row is in it.
std::expected<void, MergeError> merge_files(duck::Connection& connection, const flow::Schema& schema,
                                            std::span<const Segment> inputs, const std::filesystem::path& path,
                                            const flow::Marks& marks = {});

// Reads every value of a file.
duck::Result<> check_file(duck::Connection& connection, const std::filesystem::path& path);

}  // namespace weir::store
