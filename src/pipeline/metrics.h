// The collector's account of itself for Prometheus: the ledger by exporter, queues, the store, times, memory. All names
// begin with weir_; docs/metrics.md lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "journal/journal.h"
#include "pipeline/enrich_stage.h"
#include "pipeline/intake.h"
#include "pipeline/ledger_json.h"
#include "pipeline/outlet.h"
#include "pipeline/reporter.h"
#include "telemetry/exposition.h"

namespace weir::pipeline {

struct MetricsReport {
  LedgerReport ledger;
  ReporterCounters reporter{};
  flow::RowCounts account_rows{};                     // of the table account
  std::vector<OutletReport> outlets;                  // that of the store first
  std::optional<EnrichCounters> enrich;               // nothing: no passes
  std::optional<journal::JournalCounters> journal{};  // nothing: none is kept
  DecodeTimes decode_times{};
  bool memory_refusing = false;
  uint64_t memory_limit_bytes = 0;  // 0: none
};

// Exporters with samples of their own, those that sent most; the others are summed up as exporter="other", so that
// forged sources cannot fill Prometheus, and sums over exporters stay right.
inline constexpr size_t kMaxMetricExporters = 1000;

void write_metrics(const MetricsReport& report, telemetry::Exposition& out, size_t max_exporters = kMaxMetricExporters);

}  // namespace weir::pipeline
