#include "pipeline/ledger_file.h"

#include <algorithm>

namespace weir::pipeline {
namespace {

namespace fs = std::filesystem;

AccountOf whose(const LedgerReport& report, const store::StoreWriter& writer, Timestamp now) {
  // What earlier versions of weir write has no id.
  const bool same = report.run.empty() ? writer.run_id.empty() && writer.pid == report.pid && !report.finished
                                       : writer.run_id == report.run;
  if (!writer.there || !same) return AccountOf::past;
  if (report.interval.count() == 0) return AccountOf::running;
  const Micros most = kStaleIntervals * report.interval + kStaleGrace;
  return now - report.written > most ? AccountOf::stale : AccountOf::running;
}

// False if the runs have changed meanwhile.
bool read_past(const fs::path& store, StoreAccount& account) {
  account.runs.clear();
  account.older.reset();
  account.unreadable.clear();
  std::error_code error;
  const bool has_older = fs::exists(sum_path(store), error);
  if (has_older) {
    auto older = read_report(sum_path(store));
    if (!older) account.unreadable.push_back(older.error().message);
    if (older) account.older = *std::move(older);
  }
  const std::vector<std::string> summed_up =
      account.older && account.older->runs ? account.older->runs->last : std::vector<std::string>();
  for (const PastRun& run : list_runs(store)) {
    if (std::ranges::find(summed_up, run.id) != summed_up.end()) continue;
    auto report = read_report(run.path);
    if (!report && !fs::exists(run.path, error)) return false;
    if (!report) account.unreadable.push_back(report.error().message);
    // The writer may have moved there what was read as the latest.
    if (!report || (!report->run.empty() && report->run == account.current.run)) continue;
    account.runs.push_back({run.end, *std::move(report)});
  }
  if (!fs::exists(sum_path(store), error)) return !has_older;
  const auto again = read_report(sum_path(store));
  if (!again && !account.unreadable.empty()) return true;
  return again && account.older && again->runs && account.older->runs &&
         again->runs->count == account.older->runs->count;
}

}  // namespace

std::string_view StoreAccount::state() const {
  if (of == AccountOf::past) return name(end);
  return of == AccountOf::running ? "running" : "stale";
}

Result<StoreAccount> read_account(const fs::path& store, Timestamp now) {
  constexpr int kTries = 5;
  const fs::path path = store / "ledger.json";
  std::error_code error;
  StoreAccount account;
  if (!fs::exists(path, error)) {
    if (error) return fail("cannot read {}: {}", path.string(), error.message());
    if (!fs::is_directory(store, error)) {
      return fail("there is no store at {}: choose one with --store", store.string());
    }
    if (const store::StoreWriter writer = store::find_writer(store); writer.there) {
      return fail("process {} writes to {} and has not written its account yet: is the disk full?", writer.pid,
                  store.string());
    }
    return fail("there is no ledger in {} yet: weir collect writes it every few seconds, weir replay at its end",
                store.string());
  }
  for (int i = 0; i < kTries; ++i) {
    account.current = TRY(read_report(path));
    account.writer = store::find_writer(store);
    account.of = whose(account.current, account.writer, now);
    // Its writer may have ended just now, and have written its last account.
    if (account.of != AccountOf::past || account.current.finished) break;
    if (TRY(read_report(path)).written == account.current.written) break;
  }
  account.end = end_of(account.current, boot_id());
  for (int i = 0; i < kTries && !read_past(store, account); ++i) {
  }
  if (account.older) add_run(account.in_all, *account.older);
  for (const StoreAccount::Run& run : account.runs) add_run(account.in_all, run.report);
  add_run(account.in_all, account.current);
  return account;
}

}  // namespace weir::pipeline
