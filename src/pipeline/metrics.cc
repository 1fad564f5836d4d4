#include "pipeline/metrics.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace weir::pipeline {
namespace {

using flow::ExporterLedger;
using telemetry::Exposition;
using enum telemetry::MetricType;

struct Line {
  std::string exporter;
  ExporterLedger ledger;
};

double seconds(Timestamp time) { return static_cast<double>(to_us(time)) / 1e6; }

std::vector<Line> lines(const flow::LedgerSnapshot& ledger, size_t max_exporters) {
  std::vector<Line> all;
  ExporterLedger others;
  bool has_others = false;
  for (const auto& [address, exporter] : ledger.exporters) {
    if (address == IpAddress{}) {  // those that are forgotten
      others += exporter;
      has_others = true;
    } else {
      all.push_back({address.to_string(), exporter});
    }
  }
  if (all.size() > max_exporters) {
    std::ranges::nth_element(all, all.begin() + static_cast<ptrdiff_t>(max_exporters), std::greater{},
                             [](const Line& line) { return line.ledger.counters.datagrams_received; });
    for (const Line& line : std::span(all).subspan(max_exporters)) others += line.ledger;
    all.resize(max_exporters);
    std::ranges::sort(all, {}, &Line::exporter);
    has_others = true;
  }
  if (has_others) all.push_back({"other", others});
  return all;
}

// One family with a sample for each exporter.
template <class Value>
void by_exporter(Exposition& out, const std::vector<Line>& lines, std::string_view name, telemetry::MetricType type,
                 std::string_view help, Value value) {
  out.family(name, type, help);
  for (const Line& line : lines) out.sample({{"exporter", line.exporter}}, value(line.ledger));
}

// Metrics of the rows of one table, as they are in the store.
struct TableNames {
  std::string_view decoded, decoded_help;
  std::string_view stored, stored_help;
  std::string_view dropped, dropped_help;
};

constexpr TableNames names_of(flow::Table table) {
  switch (table) {
    case flow::Table::flows:
      return {"weir_decoded_flows_total", "Flow records decoded; the sum of flows stored, dropped and in flight.",
              "weir_stored_flows_total",  "Flow records in the store.",
              "weir_dropped_flows_total", "Flow records that were decoded and are not stored, by reason."};
    case flow::Table::counters:
      return {"weir_decoded_counters_total",
              "Rows for the table counters (sFlow); the sum of those stored, dropped and in flight.",
              "weir_stored_counters_total",
              "Rows of the table counters in the store.",
              "weir_dropped_counters_total",
              "Rows of the table counters that were decoded and are not stored, by reason."};
    case flow::Table::account:
      break;  // not decoded
  }
  return {};
}

void write_datagrams(Exposition& out, const std::vector<Line>& l) {
  by_exporter(out, l, "weir_received_datagrams_total", counter,
              "Datagrams (messages of connections) received; the sum of those decoded and rejected.",
              [](const ExporterLedger& e) { return e.counters.datagrams_received; });
  by_exporter(out, l, "weir_received_bytes_total", counter, "Bytes of datagrams received.",
              [](const ExporterLedger& e) { return e.counters.bytes_received; });
  by_exporter(out, l, "weir_decoded_datagrams_total", counter, "Datagrams decoded.",
              [](const ExporterLedger& e) { return e.counters.datagrams_decoded; });
  by_exporter(out, l, "weir_rejected_datagrams_total", counter,
              "Datagrams rejected as a whole; weir_anomalies_total has the reasons.",
              [](const ExporterLedger& e) { return e.counters.datagrams_rejected; });
  out.family("weir_anomalies_total", counter,
             "What was wrong with what exporters sent, and remarks, by reason; those that have happened.");
  for (const Line& line : l) {
    for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
      const auto anomaly = static_cast<flow::Anomaly>(i);
      const uint64_t times = line.ledger.counters.anomalies[anomaly];
      if (times > 0) out.sample({{"exporter", line.exporter}, {"reason", flow::name(anomaly)}}, times);
    }
  }
  by_exporter(out, l, "weir_lost_units_total", counter,
              "Datagrams (NetFlow v9, sFlow) or records (v5, v7, IPFIX) missing by the exporter's sequence numbers: "
              "lost before they arrived.",
              [](const ExporterLedger& e) { return e.counters.lost_units; });
  out.family(
      "weir_lost_down_units_total", counter,
      "The same, missing since the run of the collector before. collector_down: sent while none ran; "
      "collector_killed: sent after the last account of one that was killed, which may have stored a part of it.");
  for (const Line& line : l) {
    out.sample({{"exporter", line.exporter}, {"reason", "collector_down"}}, line.ledger.counters.lost_down_units);
    out.sample({{"exporter", line.exporter}, {"reason", "collector_killed"}}, line.ledger.counters.lost_killed_units);
  }
}

void write_flows(Exposition& out, const std::vector<Line>& l) {
  for (const flow::Table table : flow::kDecodedTables) {
    const TableNames names = names_of(table);
    by_exporter(out, l, names.decoded, counter, names.decoded_help,
                [&](const ExporterLedger& e) { return e.counters.rows[table]; });
    by_exporter(out, l, names.stored, counter, names.stored_help,
                [&](const ExporterLedger& e) { return e.rows(table).stored; });
    out.family(names.dropped, counter, names.dropped_help);
    for (const Line& line : l) {
      for (size_t i = 0; i < flow::kDropReasonCount; ++i)
        out.sample({{"exporter", line.exporter}, {"reason", flow::kDropReasons[i]}},
                   line.ledger.rows(table).dropped[i]);
    }
  }
  by_exporter(out, l, "weir_agent_dropped_packets_total", counter,
              "Packets that the exporter says it could not sample itself (sFlow drops).",
              [](const ExporterLedger& e) { return e.counters.agent_drops; });
}

void write_templates(Exposition& out, const std::vector<Line>& l) {
  by_exporter(out, l, "weir_received_templates_total", counter, "Template records received.",
              [](const ExporterLedger& e) { return e.counters.templates_received; });
  by_exporter(out, l, "weir_option_records_total", counter, "Records that describe the exporter.",
              [](const ExporterLedger& e) { return e.counters.option_records; });
  by_exporter(out, l, "weir_waiting_sets", gauge, "Data sets that wait for their template.",
              [](const ExporterLedger& e) { return e.counters.early_sets_held; });
  by_exporter(out, l, "weir_late_decoded_sets_total", counter, "Data sets that waited for their template and got it.",
              [](const ExporterLedger& e) { return e.counters.early_sets_decoded; });
  by_exporter(out, l, "weir_undecodable_sets_total", counter, "Data sets given up: their template never came.",
              [](const ExporterLedger& e) { return e.counters.undecodable_sets; });
}

void write_exporters(Exposition& out, const std::vector<Line>& l) {
  by_exporter(out, l, "weir_exporter_last_seen_timestamp_seconds", gauge, "When its last datagram arrived.",
              [](const ExporterLedger& e) { return seconds(e.counters.last_seen); });
  by_exporter(out, l, "weir_exporter_streams", gauge,
              "Streams that have sent something within the last hour: several behind one address, or domains of one.",
              [](const ExporterLedger& e) { return e.counters.streams.streams; });
  by_exporter(out, l, "weir_exporter_clocks", gauge,
              "Different boots of these streams: devices, or parts of one with uptimes of their own; 0 where the "
              "protocol has no uptime.",
              [](const ExporterLedger& e) { return e.counters.streams.clocks; });
  by_exporter(
      out, l, "weir_exporter_loss_unknown_streams", gauge,
      "Streams of these whose sequence numbers do not tell, or tell in part only, what was lost: "
      "weir_lost_units_total does not know of them.",
      [](const ExporterLedger& e) { return e.counters.streams.loss_unknown + e.counters.streams.loss_in_part; });
  out.family("weir_exporter_sampling_rate", gauge, "The last sampling rate known, one packet in so many.");
  for (const Line& line : l) {
    if (const uint32_t rate = line.ledger.counters.sampling_rate; rate != 0 && line.exporter != "other")
      out.sample({{"exporter", line.exporter}}, rate);
  }
}

template <size_t N>
void by_reason(Exposition& out, std::string_view name, std::string_view help,
               const std::array<std::string_view, N>& reasons, const std::array<uint64_t, N>& counts) {
  out.family(name, counter, help);
  for (size_t i = 0; i < N; ++i) out.sample({{"reason", reasons[i]}}, counts[i]);
}

void write_sockets(Exposition& out, const flow::LedgerSnapshot& ledger) {
  out.single("weir_socket_dropped_datagrams_total", counter,
             "Datagrams that the kernel dropped as the socket buffer was full.", ledger.socket_drops);
  const StreamCounters& s = ledger.streams;
  out.single("weir_connections_accepted_total", counter, "TCP and TLS connections of exporters; open or closed by now.",
             s.accepted);
  out.single("weir_connections_open", gauge, "TCP and TLS connections of exporters now.", s.open);
  by_reason(out, "weir_connections_refused_total", "Connections of exporters that were not accepted, by reason.",
            kStreamRefusals, s.refused);
  by_reason(out, "weir_connections_closed_total", "Connections of exporters that have ended, by reason.", kStreamCloses,
            s.closed);
  out.single("weir_connection_messages_total", counter, "Whole messages of connections.", s.messages);
  out.single("weir_connection_received_bytes_total", counter, "Bytes of connections, after TLS.", s.bytes);
  out.single("weir_connection_incomplete_bytes_total", counter, "Bytes of messages that were never completed.",
             s.incomplete_bytes);
}

void write_store(Exposition& out, const MetricsReport& report) {
  out.single("weir_flows_in_flight", gauge, "Flow records decoded, and neither stored nor dropped yet.",
             report.ledger.ledger.total.in_flight(0, flow::Table::flows));
  const OutletReport& queue = report.outlets.empty() ? OutletReport() : report.outlets.front();
  out.single("weir_queue_batches", gauge, "Batches that wait for the store.", queue.queue_batches);
  out.single("weir_queue_capacity_batches", gauge, "Batches that may wait for the store (collect.queue).",
             queue.queue_batches_limit);
  const store::StoreCounters& s = report.ledger.store;
  out.single("weir_store_segments_written_total", counter, "Files written, merged ones included.", s.segments_written);
  out.single("weir_store_rows_written_total", counter, "Rows of files written, merged ones included.", s.rows_written);
  out.single("weir_store_written_bytes_total", counter, "Bytes of files written, merged ones included.",
             s.bytes_written);
  out.single("weir_store_write_failures_total", counter, "Files that could not be written.", s.write_failures);
  out.single("weir_store_segments_merged_total", counter, "Files that were merged into larger ones.",
             s.segments_compacted);
  out.single("weir_store_segments_expired_total", counter, "Files deleted by retention.", s.segments_expired);
  out.single("weir_store_segments_corrupt_total", counter, "Damaged files that were set aside as NAME.corrupt.",
             s.segments_corrupt);
  out.single("weir_store_scrubbed_segments_total", counter, "Files that were read again to see whether they are whole.",
             s.scrubbed_segments);
  out.single("weir_store_scrubbed_bytes_total", counter, "Bytes of files read again to see whether they are whole.",
             s.scrubbed_bytes);
  out.single("weir_store_scrub_rounds_total", counter, "How often all files of the store were read again.",
             s.scrub_rounds);
  out.single("weir_store_failing", gauge, "1 if the last write failed; the log says why.", !s.last_error.empty());
}

// What the ledger's equations leave: 0, unless this program is wrong.
void write_unaccounted(Exposition& out, const flow::LedgerSnapshot& ledger) {
  out.single("weir_unaccounted_datagrams", gauge,
             "Datagrams received that are neither decoded nor rejected. Always 0, else there is a fault in weir.",
             ledger.unaccounted_datagrams());
  out.family(
      "weir_unaccounted_rows", gauge,
      "Rows decoded that are neither stored nor dropped at an outlet nor on their way to it. Always 0, else there "
      "is a fault in weir.");
  for (size_t i = 0; i < ledger.outlets.size(); ++i) {
    for (const flow::Table table : flow::kDecodedTables) {
      out.sample({{"outlet", ledger.outlets[i]}, {"table", flow::name(table)}}, ledger.unaccounted(i, table));
    }
  }
  out.single("weir_unaccounted_connections", gauge,
             "Connections accepted that are neither open nor closed. Always 0, else there is a fault in weir.",
             ledger.unaccounted_connections());
}

// DIR/ledger.json: how old the account is that others see.
void write_reporter(Exposition& out, const MetricsReport& report) {
  out.single("weir_ledger_writes_total", counter, "How often ledger.json was written.", report.reporter.writes);
  out.single("weir_ledger_write_failures_total", counter,
             "How often ledger.json could not be written; the account stays in memory.", report.reporter.failures);
  out.single("weir_ledger_written_timestamp_seconds", gauge,
             "When ledger.json was written last, seconds since 1970; 0: not yet.", seconds(report.reporter.written));
  out.single("weir_account_stored_rows_total", counter, "Rows of the table account in the store.",
             report.account_rows.stored);
  out.single("weir_account_dropped_rows_total", counter, "Rows of the table account that are not stored.",
             report.account_rows.dropped_in_all());
}

// Every way out, the store included: what became of the rows, and what waits.
void write_outlets(Exposition& out, const MetricsReport& report) {
  const flow::LedgerSnapshot& ledger = report.ledger.ledger;
  const auto each = [&](const auto& sample) {
    for (size_t i = 0; i < ledger.outlets.size(); ++i) {
      for (const flow::Table table : flow::kDecodedTables) sample(ledger.outlets[i], i, table);
    }
  };
  out.family("weir_outlet_stored_rows_total", counter, "Rows that an outlet has stored or delivered, by table.");
  each([&](const std::string& outlet, size_t i, flow::Table table) {
    out.sample({{"outlet", outlet}, {"table", flow::name(table)}}, ledger.total.outlet(i)[table].stored);
  });
  out.family("weir_outlet_dropped_rows_total", counter, "Rows that are not at an outlet, by table and reason.");
  each([&](const std::string& outlet, size_t i, flow::Table table) {
    for (size_t r = 0; r < flow::kDropReasonCount; ++r) {
      out.sample({{"outlet", outlet}, {"table", flow::name(table)}, {"reason", flow::kDropReasons[r]}},
                 ledger.total.outlet(i)[table].dropped[r]);
    }
  });
  out.family("weir_outlet_rows_in_flight", gauge, "Rows decoded, and neither stored nor dropped at an outlet yet.");
  each([&](const std::string& outlet, size_t i, flow::Table table) {
    out.sample({{"outlet", outlet}, {"table", flow::name(table)}}, ledger.total.in_flight(i, table));
  });
  out.family("weir_outlet_queue_bytes", gauge, "Memory of batches that wait for an outlet.");
  for (const OutletReport& outlet : report.outlets) out.sample({{"outlet", outlet.name}}, outlet.queue_bytes);
  out.family("weir_outlet_queue_limit_bytes", gauge, "Memory that batches may hold that wait for an outlet.");
  for (const OutletReport& outlet : report.outlets) out.sample({{"outlet", outlet.name}}, outlet.queue_bytes_limit);
  if (!report.enrich) return;
  out.single("weir_enriched_rows_total", counter, "Rows that went through the passes of enrichment.",
             report.enrich->rows_enriched);
  out.single("weir_enrich_passed_by_rows_total", counter,
             "Rows that went past enrichment as they were: its passes did not keep up.", report.enrich->rows_passed_by);
  out.single("weir_enrich_failures_total", counter, "Batches that a pass of enrichment failed at.",
             report.enrich->failures);
}

void write_state(Exposition& out, const StateReport& state) {
  if (state.file) {
    out.single("weir_state_file_saves_total", counter, "How often the state file was written.", state.file->saves);
    out.single("weir_state_file_save_failures_total", counter, "How often the state file could not be written.",
               state.file->save_failures);
    out.single("weir_state_file_left_out_sessions", gauge, "Sessions that the state file had no room for.",
               state.file->sessions_left_out);
    out.single("weir_state_file_templates_restored_total", counter, "Templates known from before the start.",
               state.file->templates_restored);
  }
  if (state.sharing) {
    out.single("weir_redis_connected", gauge, "1 while templates are shared with other collectors.",
               state.sharing->connected);
    out.single("weir_redis_published_total", counter, "Values written to Redis.", state.sharing->published);
    out.single("weir_redis_fetched_total", counter, "States taken over from other collectors.", state.sharing->fetched);
    out.single("weir_redis_requests_total", counter, "Templates asked for.", state.sharing->requests);
    out.single("weir_redis_requests_lost_total", counter, "Templates not asked for: too many at once.",
               state.sharing->requests_lost);
    out.single("weir_redis_errors_total", counter,
               "Connections to Redis lost, commands refused, values that cannot be.", state.sharing->errors);
  }
}

void write_journal(Exposition& out, const journal::JournalCounters& j) {
  out.single("weir_journal_writing", gauge, "1 while all that is received is written to the journal; the log says why.",
             j.writing);
  out.single("weir_journal_datagrams_total", counter, "Datagrams written to the journal.", j.records);
  out.single("weir_journal_written_bytes_total", counter, "Bytes written to the journal.", j.bytes);
  out.single("weir_journal_files", gauge, "Files of the journal on the disk.", j.files);
  out.single("weir_journal_disk_bytes", gauge, "What the files of the journal take of the disk.", j.disk_bytes);
  out.single("weir_journal_not_written_datagrams_total", counter,
             "Datagrams received while the journal could not be written.", j.not_written);
  out.single("weir_journal_given_up_datagrams_total", counter,
             "Datagrams whose file had to go before their flows were stored (store.journal_size).", j.given_up);
  out.single("weir_journal_damaged_records_total", counter,
             "Records and files of the journal that could not be read again.", j.damaged);
  out.single("weir_journal_sync_failures_total", counter, "How often the journal could not be synced to the disk.",
             j.sync_failures);
  out.single("weir_journal_replayed_datagrams_total", counter, "Datagrams of an earlier run that were decoded again.",
             j.replayed.datagrams);
  out.single("weir_journal_replayed_rows_total", counter, "Rows of an earlier run that were not stored yet.",
             j.replayed.rows);
  out.single("weir_journal_known_rows_total", counter, "Rows of an earlier run that were stored already.",
             j.replayed.known_rows);
  out.single("weir_journal_not_decoded_messages_total", counter,
             "Messages of an earlier run whose connection had begun before the journal does.", j.replayed.not_decoded);
}

}  // namespace

void write_metrics(const MetricsReport& report, Exposition& out, size_t max_exporters) {
  const std::vector<Line> exporters = lines(report.ledger.ledger, max_exporters);
  write_datagrams(out, exporters);
  write_flows(out, exporters);
  write_templates(out, exporters);
  write_exporters(out, exporters);
  write_sockets(out, report.ledger.ledger);
  write_store(out, report);
  write_outlets(out, report);
  write_unaccounted(out, report.ledger.ledger);
  write_reporter(out, report);
  write_state(out, report.ledger.state);
  if (report.journal) write_journal(out, *report.journal);
  out.family("weir_datagram_decode_seconds", histogram, "Time to decode a datagram, averaged over up to 16 at a time.");
  report.decode_times.write(out, kDecodeTimeBounds);
  out.single("weir_memory_limit_bytes", gauge, "limits.memory; 0: none.", report.memory_limit_bytes);
  out.single("weir_memory_refusing", gauge, "1 while datagrams are refused as memory is above its limit.",
             report.memory_refusing);
}

}  // namespace weir::pipeline
