#include "app/weir/check_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "app/weir/query_options.h"
#include "base/terminal_text.h"
#include "query/text.h"
#include "store/check.h"

namespace weir::app {

int run_store_check(const StoreCheck& check) {
  const auto start = std::chrono::steady_clock::now();
  const std::atomic<bool> stop = false;  // Ctrl-C ends the process: there is nothing that it would leave behind
  const auto report = store::check_store({.store = check.directory,
                                          .repair = check.repair,
                                          .accept_gaps = check.accept_gaps,
                                          .threads = std::max(1u, std::thread::hardware_concurrency())},
                                         stop);
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
