#include "store/stored_marks.h"

#include <vector>

#include "store/layout.h"
#include "store/parquet/footer_reader.h"
#include "store/verify.h"

namespace weir::store {
namespace {

Result<> add_hour(const HourFolder& hour, flow::Marks& marks) {
  const std::vector<Segment> segments = TRY(scan_hour(hour));
  for (const Segment& segment : segments) {
    const auto said = read_marks(segment.path);
    if (said && said->empty()) continue;
    const SegmentVerdict verdict = verify_segment(segment);
    if (verdict.state == SegmentState::unreadable) return fail("{}", verdict.reason);
    const bool vouched = verdict.state == SegmentState::whole || verdict.state == SegmentState::unverified;
    if (said && vouched) marks.add(*said);
  }
  return {};
}

}  // namespace

std::optional<flow::Marks> read_marks(const std::filesystem::path& segment) {
  const auto file = parquet::SourceFile::open(segment);
  if (!file) return std::nullopt;
  const auto footer = file->footer();
  if (!footer || !*footer) return std::nullopt;
  const auto text = parquet::read_note((*footer)->view(), parquet::kMarksKey);
  return text ? flow::Marks::parse(*text) : flow::Marks();
}

Result<flow::PerTable<flow::Marks>> stored_marks(const std::filesystem::path& store, Timestamp from, Timestamp to) {
  flow::PerTable<flow::Marks> marks;
  for (const flow::Table table : flow::kTables) {
    std::vector<LeftOut> unreadable;
    const std::vector<HourFolder> hours = TRY(list_hours(store, table, &unreadable));
    if (!unreadable.empty()) return fail("{}: {}", unreadable.front().path.string(), unreadable.front().reason);
    for (const HourFolder& hour : hours) {
      if (hour.hour < hour_of(from) || hour.hour > hour_of(to)) continue;
      TRY(add_hour(hour, marks[table]));
    }
  }
  return marks;
}

}  // namespace weir::store
