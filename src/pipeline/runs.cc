#include "pipeline/runs.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/kept_file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/files.h"

namespace weir::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kEnds = {"stopped", "killed", "rebooted", "unknown"};
constexpr std::string_view kSuffix = ".json";
constexpr size_t kStartedLength = 23;  // 20261201T101500.000000Z
constexpr size_t kIdLength = 16;

fs::path runs_folder(const fs::path& store) { return store / "runs"; }

// What an earlier version of weir wrote has no id.
std::string id_of(const LedgerReport& report) {
  if (report.run.size() == kIdLength &&
      std::ranges::all_of(report.run, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); })) {
    return report.run;
  }
  return fmt::format("{:016x}", static_cast<uint64_t>(to_us(report.started)) ^ static_cast<uint64_t>(report.pid) << 52);
}

std::string file_name(const LedgerReport& report, RunEnd end) {
  std::string started = to_rfc3339(report.started);
  std::erase_if(started, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}-{}-{}{}", started, id_of(report), name(end), kSuffix);
}

std::optional<PastRun> parse_name(const fs::path& path) {
  const std::string text = path.filename().string();
  std::string_view rest = text;
  if (rest.size() < kStartedLength + kIdLength + 2 || !rest.ends_with(kSuffix)) return std::nullopt;
  rest.remove_suffix(kSuffix.size());
  rest.remove_prefix(kStartedLength);
  const std::string_view id = rest.substr(1, kIdLength);
  if (rest[0] != '-' || rest[kIdLength + 1] != '-') return std::nullopt;
  const auto end = std::ranges::find(kEnds, rest.substr(kIdLength + 2));
  if (end == kEnds.end()) return std::nullopt;
  return PastRun{path, std::string(id), static_cast<RunEnd>(end - kEnds.begin())};
}

uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const uint64_t bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

// Those that were added to the sum, and that a crash left.
void remove_summed_up(std::vector<PastRun>& runs, const LedgerReport& sum) {
  if (!sum.runs) return;
  std::erase_if(runs, [&](const PastRun& run) {
    const bool summed_up = std::ranges::find(sum.runs->last, run.id) != sum.runs->last.end();
    std::error_code ignored;
    if (summed_up) fs::remove(run.path, ignored);
    return summed_up;
  });
}

Result<> sum_up_oldest(const fs::path& store, const RunLimits& limits) {
  std::vector<PastRun> runs = list_runs(store);
  LedgerReport sum;
  std::error_code error;
  if (fs::exists(sum_path(store), error)) {
    auto known = read_report(sum_path(store));
    if (known) {
      sum = *std::move(known);
    } else {
      log::error("{}; it is set aside as before.json.corrupt, and the sum of all runs is without it",
                 known.error().message);
      fs::rename(sum_path(store), sum_path(store).string() + ".corrupt", error);
    }
  }
  remove_summed_up(runs, sum);
  uint64_t bytes = 0;
  for (const PastRun& run : runs) bytes += size_of(run.path);
  std::vector<PastRun> oldest;
  std::vector<std::string> ids;
  for (const PastRun& run : runs) {
    if (runs.size() - oldest.size() <= limits.runs && bytes <= limits.bytes) break;
    bytes -= std::min(bytes, size_of(run.path));
    oldest.push_back(run);
    // One that is damaged has nothing to add; it stays as it is.
    const auto report = read_report(run.path);
    if (!report) {
      log::warn("{}; the sum of all runs is without it", report.error().message);
      fs::rename(run.path, run.path.string() + ".corrupt", error);
      continue;
    }
    add_run(sum, *report);
    ids.push_back(run.id);
  }
  if (ids.empty()) return {};
  sum.runs->last = std::move(ids);
  TRY(store::replace_file(sum_path(store), ledger_source(sum)));
  for (const PastRun& run : oldest) fs::remove(run.path, error);
  return {};
}

}  // namespace

std::string_view name(RunEnd end) { return kEnds[static_cast<size_t>(end)]; }

RunEnd end_of(const LedgerReport& report, std::string_view boot) {
  if (report.finished) return RunEnd::stopped;
  if (report.boot.empty() || boot.empty()) return RunEnd::unknown;
  return report.boot == boot ? RunEnd::killed : RunEnd::rebooted;
}

std::string boot_id() {
  std::string buffer;
  return std::string(trimmed(try_read_file("/proc/sys/kernel/random/boot_id", buffer).value_or("")));
}

fs::path sum_path(const fs::path& store) { return runs_folder(store) / "before.json"; }

Result<LedgerReport> read_report(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno("cannot read " + path.string());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto report = ledger_from_json(text);
  if (!report) return fail("{}: {}", path.string(), report.error().message);
  return report;
}

std::vector<PastRun> list_runs(const fs::path& store) {
  std::vector<PastRun> runs;
  std::error_code error;
  for (fs::directory_iterator it(runs_folder(store), error), end; !error && it != end; it.increment(error)) {
    if (auto run = parse_name(it->path())) runs.push_back(*std::move(run));
  }
  std::ranges::sort(runs, {}, &PastRun::path);
  return runs;
}

std::vector<decode::SequencePlace> places_before(const fs::path& store) {
  std::error_code error;
  const bool has_ledger = fs::exists(store / "ledger.json", error);
  const std::vector<PastRun> runs = has_ledger ? std::vector<PastRun>() : list_runs(store);
  if (!has_ledger && runs.empty()) return {};
  auto before = read_report(has_ledger ? store / "ledger.json" : runs.back().path);
  if (!before) return {};
  for (decode::SequencePlace& place : before->places) place.before_kill |= !has_ledger || !before->finished;
  return std::move(before->places);
}

void add_run(LedgerReport& sum, const LedgerReport& run) {
  if (sum.started == Timestamp{} || (run.started != Timestamp{} && run.started < sum.started)) {
    sum.started = run.started;
  }
  sum.program = "several";
  sum.written = std::max(sum.written, run.written);
  sum.ledger += run.ledger;
  if (!sum.runs) sum.runs.emplace();
  sum.runs->count += run.runs ? run.runs->count : 1;
}

Result<> archive_ledger(const fs::path& store, std::string_view run, const RunLimits& limits) {
  const fs::path path = store / "ledger.json";
  std::error_code error;
  if (fs::exists(path, error)) {
    const auto report = read_report(path);
    if (report && report->run == run && !run.empty()) return {};
    if (!report) log::warn("{}; it is set aside as ledger.json.corrupt", report.error().message);
    fs::path aside = store / "ledger.json.corrupt";
    if (report) {
      TRY(store::create_folders(runs_folder(store)));
      aside = runs_folder(store) / file_name(*report, end_of(*report, boot_id()));
    }
    fs::rename(path, aside, error);
    if (error) return fail("cannot move {} to {}: {}", path.string(), aside.string(), error.message());
    TRY(store::sync_folder(aside.parent_path()));
    TRY(store::sync_folder(store));
  }
  return sum_up_oldest(store, limits);
}

}  // namespace weir::pipeline
