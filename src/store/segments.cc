#include "store/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "store/layout.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::year_month_day;

constexpr std::string_view kExtension = ".parquet";

std::string compact_time(Timestamp t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

// Takes text apart from the left; one failure is a failure of all.
class NameReader {
 public:
  explicit NameReader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view expected) {
    ok_ = ok_ && rest_.starts_with(expected);
    if (ok_) rest_.remove_prefix(expected.size());
    return ok_;
  }
  // Exactly `digits` decimal digits, or with `digits` 0 as many as there are.
  uint64_t number(size_t digits = 0) {
    const size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const size_t length = digits == 0 ? end : digits;
    uint64_t value = 0;
    ok_ = ok_ && length > 0 && length <= end;
    if (!ok_) return 0;
    ok_ = std::from_chars(rest_.data(), rest_.data() + length, value).ec == std::errc{};
    rest_.remove_prefix(length);
    return value;
  }
  Timestamp time() {
    const std::chrono::year year(static_cast<int>(number(4)));
    const std::chrono::month month(static_cast<unsigned>(number(2)));
    const year_month_day date(year, month, std::chrono::day(static_cast<unsigned>(number(2))));
    literal("T");
    const uint64_t hours = number(2), minutes = number(2), seconds = number(2);
    literal(".");
    const uint64_t micros = number(6);
    literal("Z");
    ok_ = ok_ && date.ok() && hours < 24 && minutes < 60 && seconds < 60;
    if (!ok_) return {};
    return std::chrono::sys_days(date) +
           Micros{static_cast<int64_t>(((hours * 60 + minutes) * 60 + seconds) * 1'000'000 + micros)};
  }
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<Hour> parse_hour(std::string_view date_name, std::string_view hour_name) {
  NameReader date(date_name);
  date.literal("date=");
  const std::chrono::year year(static_cast<int>(date.number(4)));
  date.literal("-");
  const std::chrono::month month(static_cast<unsigned>(date.number(2)));
  date.literal("-");
  const year_month_day day(year, month, std::chrono::day(static_cast<unsigned>(date.number(2))));
  NameReader hour(hour_name);
  hour.literal("hour=");
  const uint64_t hours = hour.number(2);
  if (!date.complete() || !day.ok() || !hour.complete() || hours > 23) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours{hours};
}

// The real folders in `path` (no links: what they lead to is not ours to delete).
Result<std::vector<fs::path>> folders_in(const fs::path& path) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::directory) folders.push_back(it->path());
  }
  if (error) return fail("cannot read the folder {}: {}", path.string(), error.message());
  return folders;
}

bool vanished(const fs::path& path) {
  std::error_code error;
  return fs::status(path, error).type() == fs::file_type::not_found;
}

}  // namespace

std::string segment_name(const Segment& s) {
  return fmt::format("{}-{}-g{}-{:08}-{:08}{}", compact_time(s.first), compact_time(s.last), s.generation,
                     s.first_sequence, s.last_sequence, kExtension);
}

std::optional<Segment> parse_segment_name(const fs::path& path) {
  const std::string name = path.filename().string();
  NameReader reader(name);
  Segment s;
  s.path = path;
  s.first = reader.time();
  reader.literal("-");
  s.last = reader.time();
  reader.literal("-g");
  s.generation = static_cast<unsigned>(reader.number(1));
  reader.literal("-");
  s.first_sequence = reader.number();
  reader.literal("-");
  s.last_sequence = reader.number();
  reader.literal(kExtension);
  if (!reader.complete() || s.first < kEarliest || s.last < s.first) return std::nullopt;
  if (s.last_sequence < s.first_sequence || s.last_sequence > kMaxSequence) return std::nullopt;
  if (segment_name(s) != name) return std::nullopt;  // one name for one segment: no more zeros than needed
  return s;
}

fs::path hour_folder_name(Hour hour) {
  const auto day = std::chrono::floor<std::chrono::days>(hour);
  const year_month_day date(day);
  return fs::path(fmt::format("date={:04}-{:02}-{:02}", static_cast<int>(date.year()),
                              static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()))) /
         fmt::format("hour={:02}", (hour - day).count());
}

Result<std::vector<HourFolder>> list_hours(const fs::path& store, flow::Table table, std::vector<LeftOut>* unreadable) {
  const fs::path table_path = table_folder(store, table);
  if (vanished(table_path)) return std::vector<HourFolder>{};
  std::vector<HourFolder> hours;
  for (const fs::path& date : TRY(folders_in(table_path))) {
    if (!parse_hour(date.filename().string(), "hour=00")) continue;
    const auto folders = folders_in(date);
    if (!folders && vanished(date)) continue;
    if (!folders && unreadable != nullptr) {
      unreadable->push_back({date, folders.error().message});
      continue;
    }
    if (!folders) return std::unexpected(folders.error());
    for (const fs::path& folder : *folders) {
      const auto hour = parse_hour(date.filename().string(), folder.filename().string());
      if (hour) hours.push_back({folder, *hour, table});
    }
  }
  std::ranges::sort(hours, {}, &HourFolder::hour);
  return hours;
}

Result<std::vector<Segment>> scan_hour(const HourFolder& folder, std::string_view suffix) {
  std::vector<Segment> segments;
  std::error_code error;
  for (fs::directory_iterator it(folder.path, error), end; !error && it != end; it.increment(error)) {
    std::error_code failed;
    std::string name = it->path().filename().string();
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    auto segment = parse_segment_name(name);
    if (!segment || hour_of(segment->first) != folder.hour || hour_of(segment->last) != folder.hour) continue;
    if (it->symlink_status(failed).type() != fs::file_type::regular) continue;
    segment->bytes = it->file_size(failed);
    if (failed) continue;  // deleted meanwhile
    segment->path = it->path();
    segments.push_back(std::move(*segment));
  }
  if (error && !vanished(folder.path))
    return fail("cannot read the folder {}: {}", folder.path.string(), error.message());
  std::ranges::sort(segments, {},
                    [](const Segment& s) { return std::tuple(s.first_sequence, s.last_sequence, s.generation); });
  return segments;
}

bool covers(const Segment& outer, const Segment& inner) {
  return outer.generation > inner.generation && outer.first_sequence <= inner.first_sequence &&
         inner.last_sequence <= outer.last_sequence;
}

Coverage split_covered(std::vector<Segment> segments) {
  Coverage split;
  std::vector<const Segment*> merged;
  for (const Segment& s : segments) {
    if (s.generation > 0) merged.push_back(&s);
  }
  std::vector<bool> covered(segments.size());
  for (size_t i = 0; i < segments.size(); ++i) {
    covered[i] = std::ranges::any_of(merged, [&](const Segment* outer) { return covers(*outer, segments[i]); });
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    (covered[i] ? split.covered : split.visible).push_back(std::move(segments[i]));
  }
  return split;
}

Result<> find_store(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(table_folder(directory, flow::Table::flows), error)) return {};
  if (error == std::errc::permission_denied)
    return fail("cannot look into {}: {}; stores are for their owner and its group", directory.string(),
                error.message());
  return fail("there is no store in {}: give the folder that a collector writes to with --store", directory.string());
}

Result<std::vector<Segment>> list_segments(const fs::path& directory, std::optional<Timestamp> from,
                                           std::optional<Timestamp> to, flow::Table table) {
  TRY(find_store(directory));
  std::vector<Segment> segments;
  for (const HourFolder& folder : TRY(list_hours(directory, table))) {
    if ((from && folder.hour + std::chrono::hours{1} <= *from) || (to && folder.hour >= *to)) continue;
    for (Segment& s : split_covered(TRY(scan_hour(folder))).visible) {
      if ((!from || s.last >= *from) && (!to || s.first < *to)) segments.push_back(std::move(s));
    }
  }
  std::ranges::sort(segments, {}, [](const Segment& s) { return std::tuple(s.first, s.first_sequence); });
  return segments;
}

}  // namespace weir::store
