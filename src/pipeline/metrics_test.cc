#include "pipeline/metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::pipeline {
namespace {

flow::ExporterLedger exporter(uint64_t datagrams) {
  flow::ExporterLedger ledger;
  ledger.counters.datagrams_received = datagrams;
  ledger.counters.datagrams_decoded = datagrams - 1;
  ledger.counters.datagrams_rejected = 1;
  ledger.counters.anomalies.add(flow::Anomaly::unknown_version);
  ledger.counters.rows[flow::Table::flows] = 10 * datagrams;
  ledger.rows(flow::Table::flows).stored = 9 * datagrams;
  ledger.rows(flow::Table::flows)[flow::DropReason::queue_full] = datagrams;
  ledger.counters.last_seen = timestamp_from_us(1'700'000'000'500'000);
  ledger.counters.sampling_rate = 100;
  ledger.counters.streams = {.streams = 6, .clocks = 5, .loss_unknown = 3, .loss_in_part = 1};
  return ledger;
}

MetricsReport report(uint32_t exporters) {
  MetricsReport report;
  flow::LedgerSnapshot& ledger = report.ledger.ledger;
  for (uint32_t i = 1; i <= exporters; ++i) {
    ledger.exporters[IpAddress::from_v4(i)] = exporter(i);
    ledger.total += exporter(i);
  }
  ledger.outlets = {"store", "other"};
  ledger.total.outlet(1)[flow::Table::flows][flow::DropReason::store_failed] = 2;
  report.outlets = {{"store", 3, 30, 64, 1000}, {"other", 4, 40, 8, 2000}};
  return report;
}

std::string written(const MetricsReport& report, size_t max_exporters = kMaxMetricExporters) {
  telemetry::Exposition out;
  write_metrics(report, out, max_exporters);
  return std::string(out.text());
}

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != text.npos;
}

TEST(Metrics, OfOneExporter) {
  const std::string text = written(report(1));
  for (const char* line : {
           "weir_received_datagrams_total{exporter=\"0.0.0.1\"} 1",
           "weir_rejected_datagrams_total{exporter=\"0.0.0.1\"} 1",
           "weir_anomalies_total{exporter=\"0.0.0.1\",reason=\"unknown_version\"} 1",
           "weir_decoded_flows_total{exporter=\"0.0.0.1\"} 10",
           "weir_stored_flows_total{exporter=\"0.0.0.1\"} 9",
           "weir_dropped_flows_total{exporter=\"0.0.0.1\",reason=\"queue_full\"} 1",
           "weir_dropped_flows_total{exporter=\"0.0.0.1\",reason=\"shutdown\"} 0",
           "weir_exporter_last_seen_timestamp_seconds{exporter=\"0.0.0.1\"} 1700000000.5",
           "weir_exporter_sampling_rate{exporter=\"0.0.0.1\"} 100",
           "weir_exporter_streams{exporter=\"0.0.0.1\"} 6",
           "weir_exporter_clocks{exporter=\"0.0.0.1\"} 5",
           "weir_exporter_loss_unknown_streams{exporter=\"0.0.0.1\"} 4",
           "weir_flows_in_flight 0",
           "weir_queue_batches 3",
           "weir_queue_capacity_batches 64",
           "weir_outlet_stored_rows_total{outlet=\"store\",table=\"flows\"} 9",
           "weir_outlet_dropped_rows_total{outlet=\"store\",table=\"flows\",reason=\"queue_full\"} 1",
           "weir_outlet_dropped_rows_total{outlet=\"other\",table=\"flows\",reason=\"store_failed\"} 2",
           "weir_outlet_rows_in_flight{outlet=\"other\",table=\"flows\"} 8",
           "weir_outlet_queue_bytes{outlet=\"other\"} 40",
           "weir_outlet_queue_limit_bytes{outlet=\"other\"} 2000",
       }) {
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
  }
  EXPECT_EQ(text.find("truncated_header"), std::string::npos);
}

// Who sent least is summed up with those that are forgotten, so that sums over exporters stay right.
TEST(Metrics, ManyExportersAreSummedUp) {
  MetricsReport many = report(5);
  many.ledger.ledger.exporters[IpAddress{}] = exporter(100);
  const std::string text = written(many, 3);
  EXPECT_TRUE(has(text, "weir_received_datagrams_total{exporter=\"0.0.0.3\"} 3"));
  EXPECT_TRUE(has(text, "weir_received_datagrams_total{exporter=\"0.0.0.5\"} 5"));
  EXPECT_TRUE(has(text, "weir_received_datagrams_total{exporter=\"other\"} 103"));
  EXPECT_TRUE(has(text, "weir_dropped_flows_total{exporter=\"other\",reason=\"queue_full\"} 103"));
  EXPECT_EQ(text.find("0.0.0.2"), std::string::npos);
  EXPECT_FALSE(has(text, "weir_exporter_sampling_rate{exporter=\"other\"} 100"));
}

TEST(Metrics, StateOnlyIfThereIsOne) {
  MetricsReport with = report(1);
  EXPECT_EQ(written(with).find("weir_redis"), std::string::npos);
  with.ledger.state.sharing = SharingCounters{};
  with.ledger.state.sharing->connected = true;
  with.ledger.state.sharing->errors = 3;
  with.ledger.store.last_error = "disk full";
  with.decode_times.counts[0] = 7;
  const std::string text = written(with);
  EXPECT_TRUE(has(text, "weir_redis_connected 1"));
  EXPECT_TRUE(has(text, "weir_redis_errors_total 3"));
  EXPECT_TRUE(has(text, "weir_store_failing 1"));
  EXPECT_TRUE(has(text, "weir_datagram_decode_seconds_bucket{le=\"5e-07\"} 7"));
  EXPECT_TRUE(has(text, "weir_datagram_decode_seconds_count 7"));
}

}  // namespace
}  // namespace weir::pipeline
