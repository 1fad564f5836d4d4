#include "store/merge.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>

#include "store/files.h"
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

// Every column of this version under its type, null where the inputs are older, sparse ones only if an input has them;
// then what the inputs have beyond (configured columns among it).
std::string select_list(const flow::Schema& schema, const std::vector<duck::ColumnInfo>& present) {
  std::string list;
  for (const flow::ColumnInfo& column : schema.columns()) {
    const bool found = std::ranges::find(present, column.name, &duck::ColumnInfo::name) != present.end();
    if (!found && column.sparse) continue;
    const std::string name = duck::quote_name(column.name);
    list += fmt::format("{}{}::{} AS {}", list.empty() ? "" : ", ", found ? name : "NULL", sql_type(column.type), name);
  }
  for (const duck::ColumnInfo& column : present) {
    if (!schema.find(column.name)) list += ", " + duck::quote_name(column.name);
  }
  return list;
}

Result<uint64_t> rows_in(duck::Connection& connection, const std::string& files) {
  auto rows =
      connection.query(fmt::format("SELECT coalesce(sum(num_rows), 0)::BIGINT FROM parquet_file_metadata({})", files));
  if (!rows) return std::unexpected(rows.error());
  const auto chunk = rows->next();
  if (!chunk) return std::unexpected(chunk.error());
  return *chunk ? static_cast<uint64_t>((*chunk)->value<int64_t>(0, 0)) : 0;
}

Result<> merge_to(duck::Connection& connection, const flow::Schema& schema, std::span<const Segment> inputs,
                  const std::filesystem::path& path) {
  const std::string files = file_list(inputs);
  const auto expected = rows_in(connection, files);
  if (!expected) return std::unexpected(expected.error());
  const auto present = connection.describe(fmt::format("SELECT * FROM {}", scan(files)));
  if (!present) return std::unexpected(present.error());
  const auto copied =
      copied_rows(connection, fmt::format("COPY (SELECT {} FROM {}) TO {} ({})", select_list(schema, *present),
                                          scan(files), duck::quote(path.string()), kCopyOptions));
  if (!copied) return std::unexpected(copied.error());
  const auto written = rows_in(connection, fmt::format("[{}]", duck::quote(path.string())));
  if (!written) return std::unexpected(written.error());
  if (*copied != *expected || *written != *expected) {
    return fail("{} rows went in, DuckDB says that it wrote {}, the file says {}", *expected, *copied, *written);
  }
  const auto synced = sync_file(path);
  if (!synced) return std::unexpected(synced.error());
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

Result<> merge_files(duck::Connection& connection, const flow::Schema& schema, std::span<const Segment> inputs,
                     const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  const auto merged = merge_to(connection, schema, inputs, path);
  if (!merged) std::filesystem::remove(path, error);
  return merged;
}

Result<> check_file(duck::Connection& connection, const std::filesystem::path& path) {
  // max() has to decode what it compares; a count could be answered from the null bits.
  return connection.run(
      fmt::format("SELECT max(COLUMNS(*)) FROM {}", scan(fmt::format("[{}]", duck::quote(path.string())))));
}

bool looks_like_parquet(const std::filesystem::path& path) {
  constexpr std::string_view kMagic = "PAR1";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_size < 12) return false;
  std::array<char, 4> head{}, tail{};
  return ::pread(file.get(), head.data(), 4, 0) == 4 && ::pread(file.get(), tail.data(), 4, status.st_size - 4) == 4 &&
         std::string_view(head.data(), 4) == kMagic && std::string_view(tail.data(), 4) == kMagic;
}

}  // namespace weir::store
