#include "store/merge.h"

#include <algorithm>
#include <functional>

#include "store/chunk_batches.h"
#include "store/files.h"
#include "store/merged_columns.h"
#include "store/parquet/file_writer.h"
#include "store/parquet_types.h"

namespace weir::store {
namespace {

// Runs of neighbours for which `together` holds, cut where a limit is reached; runs of one are no merge.
std::vector<MergePlan> group(const std::vector<Segment>& visible, std::span<const uint64_t> barriers,
                             unsigned generation, const MergeLimits& limits,
                             const std::function<bool(const Segment&)>& wanted,
                             const std::function<bool(const Segment&, const Segment&)>& together) {
  std::vector<MergePlan> plans;
  std::vector<Segment> run;
  uint64_t bytes = 0;
  const auto finish = [&] {
    if (run.size() > 1) plans.push_back({generation, std::move(run)});
    run.clear();
    bytes = 0;
  };
  for (const Segment& s : visible) {
    if (!wanted(s)) {
      finish();
      continue;
    }
    const bool barred = !run.empty() && std::ranges::any_of(barriers, [&](uint64_t b) {
      return run.back().last_sequence < b && b < s.first_sequence;
    });
    const bool full = bytes + s.bytes > limits.bytes || run.size() == limits.inputs;
    // Ranges that overlap are not ours: left as they are.
    const bool ordered = run.empty() || run.back().last_sequence < s.first_sequence;
    if (!run.empty() && (barred || full || !ordered || !together(run.back(), s))) finish();
    run.push_back(s);
    bytes += s.bytes;
  }
  finish();
  return plans;
}

std::string file_list(std::span<const Segment> inputs) {
  std::string list = "[";
  for (const Segment& s : inputs) {
    if (list.size() > 1) list += ", ";
    list += duck::quote(s.path.string());
  }
  return list += "]";
}

// hive_partitioning would add the folders' date and hour as columns.
std::string scan(const std::string& files) {
  return fmt::format("read_parquet({}, union_by_name = true, hive_partitioning = false)", files);
}

// The one number that a statement gives.
duck::Result<uint64_t> number_from(duck::Connection& connection, const std::string& sql) {
  duck::Rows rows = TRY(connection.query(sql));
  const std::optional<duck::Chunk> chunk = TRY(rows.next());
  if (!chunk || chunk->rows() != 1) return fail("DuckDB did not say how many rows there are");
  return static_cast<uint64_t>(chunk->value<int64_t>(0, 0));
}

duck::Result<uint64_t> rows_in(duck::Connection& connection, const std::string& files) {
  return number_from(connection,
                     fmt::format("SELECT coalesce(sum(num_rows), 0)::BIGINT FROM parquet_file_metadata({})", files));
}

template <class T>
using MergeResult = std::expected<T, MergeError>;

std::unexpected<MergeError> of_inputs(const duck::Error& error) {
  return std::unexpected(MergeError{error.message, false, error.kind});
}
std::unexpected<MergeError> of_output(const Error& error) { return std::unexpected(MergeError{error.message, true}); }

MergeResult<uint64_t> write_rows(duck::Connection& connection, const std::string& select, const MergedColumns& merged,
                                 const flow::Marks& marks, const std::filesystem::path& path) {
  auto rows = connection.query(select);
  if (!rows) return of_inputs(rows.error());
  ChunkBatches source(std::move(*rows), merged.schema, merged.columns);
  parquet::EncodingContext context;
  parquet::FileWriter file(context);
  if (const auto created = file.create(path, *merged.schema, merged.columns); !created)
    return of_output(created.error());
  file.set_marks(marks);
  while (true) {
    const auto batches = source.next(parquet::kGroupRows / parquet::kPageRows);
    if (!batches) return of_inputs(batches.error());
    if (batches->empty()) break;
    for (const parquet::GroupRows& group : parquet::plan_groups(*batches)) {
      if (const auto added = file.add(group); !added) return of_output(added.error());
    }
  }
  const auto finished = file.finish();
  if (!finished) return of_output(finished.error());
  return finished->rows;
}

// The target is always a new name of ours: DuckDB's own way through a temporary file is not wanted.
constexpr std::string_view kCopyOptions = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, USE_TMP_FILE false";

// A column that somebody else has added may have a type that no column of ours has, such as a list. DuckDB's COPY
// writes those. It does not say whether it was reading or writing that failed.
MergeResult<uint64_t> copy_rows(duck::Connection& connection, const std::string& select, const flow::Marks& marks,
                                const std::filesystem::path& path) {
  const std::string note = marks.empty() ? std::string()
                                         : fmt::format(", KV_METADATA {{{}: {}}}", duck::quote(parquet::kMarksKey),
                                                       duck::quote(marks.to_text()));
  const auto copied = number_from(
      connection, fmt::format("COPY ({}) TO {} ({}{})", select, duck::quote(path.string()), kCopyOptions, note));
  if (!copied)
    return copied.error().kind == duck::ErrorKind::io ? of_output(copied.error()) : of_inputs(copied.error());
  if (const auto synced = sync_file(path); !synced) return of_output(synced.error());
  return *copied;
}

MergeResult<void> merge_to(duck::Connection& connection, const flow::Schema& schema, std::span<const Segment> inputs,
                           const flow::Marks& marks, const std::filesystem::path& path) {
  const std::string files = file_list(inputs);
  const auto expected = rows_in(connection, files);
  if (!expected) return of_inputs(expected.error());
  const auto present = connection.describe(fmt::format("SELECT * FROM {}", scan(files)));
  if (!present) return of_inputs(present.error());
  const auto merged = merged_columns(schema, present->columns);
  if (!merged) return of_output(merged.error());
  const std::string select = fmt::format("SELECT {} FROM {}", merged->select_list, scan(files));
  const uint64_t rows = TRY(merged->schema ? write_rows(connection, select, *merged, marks, path)
                                           : copy_rows(connection, select, marks, path));
  const auto written = rows_in(connection, fmt::format("[{}]", duck::quote(path.string())));
  if (!written) return of_output(written.error());
  if (rows != *expected || *written != *expected) {
    return of_inputs(
        Error{fmt::format("{} rows went in, {} were written, the file says {}", *expected, rows, *written)});
  }
  return {};
}

}  // namespace

std::vector<MergePlan> plan_merges(const std::vector<Segment>& visible, std::span<const uint64_t> barriers, Hour hour,
                                   bool settled, Timestamp now, Micros window, const MergeLimits& limits) {
  const auto window_of = [&](const Segment& s) { return (s.first - hour) / std::max(window, Micros{1}); };
  const auto flushed = [](const Segment& s) { return s.generation == 0; };
  const auto same_window = [&](const Segment& a, const Segment& b) { return window_of(a) == window_of(b); };
  const auto over = [&](const Segment& s) { return s.generation == 0 && now >= hour + (window_of(s) + 2) * window; };
  const bool hour_over = settled && now >= hour + std::chrono::hours{1} + window;
  if (!hour_over) return group(visible, barriers, 1, limits, over, same_window);
  // Very many small files go through generation 1 first, so that no merge has too many inputs.
  if (static_cast<size_t>(std::ranges::count_if(visible, flushed)) > limits.inputs) {
    auto plans = group(visible, barriers, 1, limits, flushed, same_window);
    if (!plans.empty()) return plans;
  }
  return group(
      visible, barriers, 2, limits, [](const Segment& s) { return s.generation < 2; },
      [](const Segment&, const Segment&) { return true; });
}

Segment merged_segment(const MergePlan& plan) {
  Segment merged;
  merged.generation = plan.generation;
  merged.first = std::ranges::min(plan.inputs, {}, &Segment::first).first;
  merged.last = std::ranges::max(plan.inputs, {}, &Segment::last).last;
  merged.first_sequence = plan.inputs.front().first_sequence;
  merged.last_sequence = plan.inputs.back().last_sequence;
  return merged;
}

std::expected<void, MergeError> merge_files(duck::Connection& connection, const flow::Schema& schema,
                                            std::span<const Segment> inputs, const std::filesystem::path& path,
                                            const flow::Marks& marks) {
  std::error_code error;
  std::filesystem::remove(path, error);
  auto merged = merge_to(connection, schema, inputs, marks, path);
  if (!merged) std::filesystem::remove(path, error);
  return merged;
}

duck::Result<> check_file(duck::Connection& connection, const std::filesystem::path& path) {
  // max() has to decode what it compares; a count could be answered from the null bits.
  return connection.run(
      fmt::format("SELECT max(COLUMNS(*)) FROM {}", scan(fmt::format("[{}]", duck::quote(path.string())))));
}

}  // namespace weir::store
