#include "store/verify.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "store/parquet/footer_reader.h"

namespace weir::store {
namespace {

using parquet::FileLayout;
using parquet::RowGroup;

std::optional<int64_t> number_from(const std::string& plain) {
  int64_t value;
  if (plain.size() != sizeof value) return std::nullopt;
  std::memcpy(&value, plain.data(), sizeof value);
  return value;
}

std::string counts_that_differ(const FileLayout& layout) {
  uint64_t rows = 0;
  for (const RowGroup& group : layout.groups) {
    rows += group.rows;
    for (const parquet::ColumnChunk& chunk : group.columns) {
      if (chunk.values != group.rows || chunk.nulls > group.rows) return "its counts of rows contradict each other";
    }
  }
  return rows == layout.rows ? "" : "its counts of rows contradict each other";
}

// The bounds of time_received are the times in the name: files that changed places are found by them.
std::string name_that_differs(const Segment& segment, const FileLayout& layout) {
  const auto column = std::ranges::find(layout.columns, "time_received", &FileLayout::Column::name);
  if (column == layout.columns.end()) return "it has no column time_received";
  const auto index = static_cast<size_t>(column - layout.columns.begin());
  std::optional<int64_t> first;
  std::optional<int64_t> last;
  for (const RowGroup& group : layout.groups) {
    const auto& bounds = group.columns[index].bounds;
    const auto least = bounds ? number_from(bounds->least) : std::nullopt;
    const auto greatest = bounds ? number_from(bounds->greatest) : std::nullopt;
    if (!least || !greatest) return "it does not say when its rows were received";
    first = std::min(first.value_or(*least), *least);
    last = std::max(last.value_or(*greatest), *greatest);
  }
  if (first == to_us(segment.first) && last == to_us(segment.last)) return "";
  return "its rows are not those of its name: it is another segment";
}

}  // namespace

SegmentVerdict verify_segment(const Segment& segment, const parquet::ReadPace& pace) {
  auto verdict = parquet::verify_file(segment.path, pace);
  if (!verdict) {
    std::error_code error;
    if (std::filesystem::status(segment.path, error).type() == std::filesystem::file_type::not_found)
      return {SegmentState::vanished, {}};
    return {SegmentState::unreadable, verdict.error().message};
  }
  if (verdict->wholeness == parquet::Wholeness::damaged) return {SegmentState::damaged, std::move(verdict->reason)};
  if (verdict->wholeness == parquet::Wholeness::unknown) return {SegmentState::unverified, {}};
  const auto layout = parquet::read_footer(ByteView(verdict->footer));
  // A later version may write what this one does not know; its checksum is right.
  if (!layout) return {SegmentState::unverified, {}};
  std::string reason = counts_that_differ(*layout);
  if (reason.empty()) reason = name_that_differs(segment, *layout);
  if (reason.empty()) return {};
  return {SegmentState::damaged, std::move(reason)};
}

}  // namespace weir::store
