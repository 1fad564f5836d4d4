#include "app/weir/check_store.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "app/weir/query_options.h"
#include "app/weir/query_watch.h"
#include "base/terminal_text.h"
#include "query/text.h"
#include "store/check.h"

namespace weir::app {

namespace {

// Until the check is over, or Ctrl-C ends it: between two files, or within one.
Result<store::CheckReport> check_until_interrupted(const StoreCheck& check) {
  const HeldSignals signals;
  std::atomic<bool> stop = false;
  std::atomic<bool> done = false;
  std::thread watcher([&] {
    while (!done && !stop) {
      int signal = 0;
      sigwait(&signals.set(), &signal);
      stop = !done;
    }
  });
  auto report = store::check_store({.store = check.directory,
                                    .repair = check.repair,
                                    .accept_gaps = check.accept_gaps,
                                    .threads = std::max(1u, std::thread::hardware_concurrency())},
                                   stop);
  done = true;
  if (!stop) pthread_kill(watcher.native_handle(), SIGTERM);  // to that thread alone
  watcher.join();
  return report;
}

}  // namespace

int run_store_check(const StoreCheck& check) {
  const auto start = std::chrono::steady_clock::now();
  const auto report = check_until_interrupted(check);
  if (!report) return complain(report.error().message, 1);
  std::map<store::Trouble, size_t> counts;
  for (const store::Finding& finding : report->findings) {
    ++counts[finding.trouble];
    fmt::print("{:<11}{} {}{}\n", name(finding.trouble), terminal_text(finding.path.string() + ":"),
               terminal_text(finding.text), finding.repaired ? " (repaired)" : "");
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{}: {} file{} read ({} B in {:.1f} s), {} whole", terminal_text(check.directory), report->files,
             report->files == 1 ? "" : "s", query::human_number(static_cast<double>(report->bytes)), seconds,
             report->whole);
  for (const auto& [trouble, count] : counts) fmt::print(", {} {}", count, name(trouble));
  fmt::print("\n{}\n", report->bad() ? "Answers may be incomplete or wrong where these files are concerned."
                                     : "No answer is wrong or incomplete.");
  return report->bad() ? kIncomplete : 0;
}

}  // namespace weir::app
