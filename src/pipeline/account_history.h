// The account's history: rows of the table `account`, for each minute and exporter.
//
//   collector   a row for each minute in which the collector ran, of all exporters together: where there is none, it
//               did not run, and no row of an exporter means nothing but that
//   exporter    one for each that sent something, or has something waiting; at most kMaxExporters a minute, those that
//               sent most, so that forged sources cannot fill the disk
//   others      the rest: the collector's row less those of exporters. So the sums are right, whoever is forgotten
//
// Counts are what they have grown by. What was counted as lost and turns up later is taken off what is lost next.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "base/ip_address.h"
#include "base/time.h"
#include "flow/batch.h"
#include "flow/ledger.h"

namespace weir::pipeline {

class AccountHistory {
 public:
  static constexpr size_t kMaxExporters = 1000;
  static constexpr size_t kCounts = 19;
  using Counts = std::array<uint64_t, kCounts>;

  explicit AccountHistory(Timestamp started, size_t max_exporters = kMaxExporters)
      : started_(started), max_exporters_(max_exporters), minute_(std::chrono::floor<std::chrono::minutes>(started)) {}

  // uptime: since the start, by a clock that nobody sets.
  bool is_due(Timestamp now) const { return std::chrono::floor<std::chrono::minutes>(now) != minute_; }
  // The rows of the time since the last call. One thread at a time.
  flow::SealedBatch rows(const flow::LedgerSnapshot& ledger, Timestamp now, Micros uptime);

 private:
  struct Line {
    IpAddress exporter;
    const flow::ExporterLedger* ledger;
    Counts counts;
  };
  // What counts have grown by, less what they owe.
  Counts grown(const IpAddress& exporter, const Counts& before, const Counts& now);

  const Timestamp started_;
  const size_t max_exporters_;
  std::chrono::sys_time<std::chrono::minutes> minute_;
  Micros uptime_{0};
  std::map<IpAddress, Counts> before_;
  Counts total_before_{};
  uint64_t socket_drops_ = 0;
  std::map<IpAddress, Counts> owed_;  // under no address: of all
};

}  // namespace weir::pipeline
