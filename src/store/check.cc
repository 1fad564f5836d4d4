#include "store/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <thread>
#include <tuple>

#include "duck/duck.h"
#include "store/files.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/merge.h"
#include "store/sequence_gaps.h"
#include "store/verified_files.h"
#include "store/verify.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

struct Checked {
  Segment segment;
  std::optional<FileIdentity> identity;
  SegmentVerdict verdict;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class Check {
 public:
  Check(const CheckOptions& options, const std::atomic<bool>& stop)
      : options_(options), stop_(stop), verified_(options.store) {}

  Result<CheckReport> run() {
    for (const flow::Table table : flow::kTables) TRY(check_table(table));
    verified_.save();
    std::ranges::sort(report_.findings, {}, [](const Finding& f) { return std::tuple(f.path, f.trouble, f.text); });
    return std::move(report_);
  }

 private:
  Result<> check_table(flow::Table table) {
    std::vector<LeftOut> unreadable;
    const auto hours = TRY(list_hours(options_.store, table, &unreadable));
    for (LeftOut& folder : unreadable) add(Trouble::unreadable, folder.path, folder.reason);
    check_names(table_folder(options_.store, table));
    std::vector<Segment> all;
    for (const HourFolder& hour : hours) TRY(check_hour(hour, all));
    // What cannot be listed has numbers, too.
    if (unreadable.empty() && !hour_unreadable_) check_gaps(table, std::move(all));
    hour_unreadable_ = false;
    return {};
  }

  Result<> check_hour(const HourFolder& folder, std::vector<Segment>& all) {
    auto segments = scan_hour(folder);
    auto corrupt = segments ? scan_hour(folder, kCorruptSuffix) : segments;
    if (!segments || !corrupt) {
      add(Trouble::unreadable, folder.path, (segments ? corrupt : segments).error().message);
      hour_unreadable_ = true;
      return {};
    }
    check_names(folder.path);
    all.insert(all.end(), segments->begin(), segments->end());
    all.insert(all.end(), corrupt->begin(), corrupt->end());
    std::vector<Segment> sound = TRY(read(*segments));
    TRY(check_set_aside(*corrupt, sound));
    check_covered(std::move(sound));
    return {};
  }

  // Those that a reader may take.
  Result<std::vector<Segment>> read(const std::vector<Segment>& segments) {
    std::vector<Segment> sound;
    for (const Checked& checked : TRY(verify(segments))) {
      const Segment& segment = checked.segment;
      switch (checked.verdict.state) {
        case SegmentState::whole:
          remember(checked);
          sound.push_back(segment);
          break;
        case SegmentState::unverified:
          if (check_values(segment)) sound.push_back(segment);
          break;
        case SegmentState::damaged:
          set_aside(segment, checked.verdict.reason);
          break;
        case SegmentState::unreadable:
          add(Trouble::unreadable, segment.path, checked.verdict.reason);
          break;
        case SegmentState::vanished:
          break;  // merged or expired meanwhile
      }
    }
    return sound;
  }

  Result<std::vector<Checked>> verify(const std::vector<Segment>& segments) {
    std::vector<Checked> checked;
    for (const Segment& segment : segments) checked.push_back({segment, FileIdentity::of(segment), {}});
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < checked.size() && !stop_; i = next++)
        checked[i].verdict = verify_segment(checked[i].segment, [&](size_t) { return !stop_; });
    };
    std::vector<std::thread> helpers;
    while (helpers.size() + 1 < std::min<size_t>(options_.threads, checked.size())) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
    if (stop_) return fail("interrupted");
    for (const Checked& one : checked) {
      ++report_.files;
      report_.bytes += one.segment.bytes;
      report_.whole += one.verdict.state == SegmentState::whole;
    }
    return checked;
  }

  void remember(const Checked& checked) {
    if (checked.identity && checked.identity->settled() && checked.identity == FileIdentity::of(checked.segment))
      verified_.add(*checked.identity);
  }

  // Without a checksum, what can be read has to be believed.
  bool check_values(const Segment& segment) {
    auto session = duck::Session::open();
    const auto values = session ? check_file(session->connection, segment.path)
                                : duck::Result<>(std::unexpected(duck::Error(session.error())));
    if (!values) {
      set_aside(segment, first_line(values.error().message));
      return false;
    }
    add(Trouble::unverified, segment.path, "it has no checksum; every value could be read");
    return true;
  }

  void set_aside(const Segment& segment, const std::string& reason) {
    fs::path corrupt = segment.path;
    corrupt += kCorruptSuffix;
    add(Trouble::damaged, segment.path, reason,
        options_.repair && std::rename(segment.path.c_str(), corrupt.c_str()) == 0);
  }

  // Repaired, or never damaged, it may count again, unless another one has its rows.
  Result<> check_set_aside(const std::vector<Segment>& corrupt, std::vector<Segment>& sound) {
    const std::vector<SequenceRange> there = ranges_of(sound);
    for (const Checked& checked : TRY(verify(corrupt))) {
      const Segment& segment = checked.segment;
      const SequenceRange numbers{segment.first_sequence, segment.last_sequence};
      if (holds(there, numbers)) {
        add(Trouble::replaced, segment.path, "other segments have its rows; it may be deleted");
        continue;
      }
      const bool whole = checked.verdict.state == SegmentState::whole;
      const bool free = std::ranges::none_of(
          there, [&](const SequenceRange& r) { return r.first <= numbers.last && numbers.first <= r.last; });
      fs::path back = segment.path;
      back.replace_extension();
      const bool repaired = options_.repair && whole && free && std::rename(segment.path.c_str(), back.c_str()) == 0;
      if (repaired) {
        sound.push_back(segment);
        sound.back().path = back;
      }
      add(Trouble::set_aside, segment.path,
          whole ? "it is whole, and may get its name back" : "its rows are missing: " + checked.verdict.reason,
          repaired);
    }
    return {};
  }

  void check_covered(std::vector<Segment> sound) {
    Coverage split = split_covered(std::move(sound));
    for (const Segment& segment : split.covered) {
      std::error_code error;
      add(Trouble::covered, segment.path, "merged into another segment, which is whole",
          options_.repair && fs::remove(segment.path, error));
    }
    std::ranges::sort(split.visible, {}, &Segment::first_sequence);
    for (size_t i = 1; i < split.visible.size(); ++i) {
      if (split.visible[i].first_sequence <= split.visible[i - 1].last_sequence)
        add(Trouble::twice, split.visible[i].path,
            fmt::format("it has numbers of {}, too", split.visible[i - 1].path.filename().string()));
    }
  }

  void check_gaps(flow::Table table, std::vector<Segment> all) {
    const fs::path folder = table_folder(options_.store, table);
    for (const SequenceGap& gap : find_gaps(std::move(all), read_expired(folder), read_newest(folder))) {
      const bool accepted = options_.accept_gaps && add_expired(folder, std::span(&gap.numbers, 1));
      add(Trouble::missing, folder,
          fmt::format("numbers {} to {} are nowhere; received between {} and {}{}", gap.numbers.first, gap.numbers.last,
                      to_rfc3339(gap.from), to_rfc3339(gap.to),
                      accepted ? "" : "; if they were deleted, --accept-gaps ends this"),
          accepted);
    }
  }

  // Files of a folder that are no segments.
  void check_names(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->symlink_status(ignored).type() == fs::file_type::directory) continue;
      const std::string name = it->path().filename().string();
      const auto is_segment_with = [&](std::string_view suffix) {
        return name.ends_with(suffix) && parse_segment_name(name.substr(0, name.size() - suffix.size())).has_value();
      };
      if (is_segment_with(kTemporarySuffix)) {
        add(Trouble::half, it->path(), "half written", options_.repair && fs::remove(it->path(), ignored));
      } else if (name != kExpiredFile && name != kNewestFile && !is_segment_with("") &&
                 !is_segment_with(kCorruptSuffix)) {
        add(Trouble::foreign, it->path(), "not the name of a segment: it is not read");
      }
    }
  }

  void add(Trouble trouble, const fs::path& path, std::string text, bool repaired = false) {
    report_.findings.push_back({trouble, path, std::move(text), repaired});
  }

  const CheckOptions& options_;
  const std::atomic<bool>& stop_;
  VerifiedFiles verified_;
  CheckReport report_;
  bool hour_unreadable_ = false;
};

}  // namespace

std::string_view name(Trouble trouble) {
  constexpr std::array<std::string_view, 10> kNames = {"damaged", "unreadable", "set aside", "missing",    "twice",
                                                       "covered", "half",       "replaced",  "unverified", "foreign"};
  return kNames[static_cast<size_t>(trouble)];
}

bool CheckReport::bad() const {
  return std::ranges::any_of(findings, [](const Finding& f) {
    // What was set aside is told, and still missing.
    return !is_harmless(f.trouble) && (!f.repaired || f.trouble == Trouble::damaged);
  });
}

Result<CheckReport> check_store(const CheckOptions& options, const std::atomic<bool>& stop) {
  TRY(find_store(options.store));
  std::optional<StoreLock> lock;
  if (options.repair || options.accept_gaps) lock.emplace(TRY(StoreLock::take(options.store)));
  return Check(options, stop).run();
}

}  // namespace weir::store
