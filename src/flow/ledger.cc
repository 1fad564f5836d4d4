#include "flow/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace weir::flow {

ExporterCounters& ExporterCounters::operator+=(const ExporterCounters& other) {
  datagrams_received += other.datagrams_received;
  bytes_received += other.bytes_received;
  datagrams_decoded += other.datagrams_decoded;
  datagrams_rejected += other.datagrams_rejected;
  records_decoded += other.records_decoded;
  option_records += other.option_records;
  templates_received += other.templates_received;
  early_sets_held += other.early_sets_held;
  early_sets_decoded += other.early_sets_decoded;
  undecodable_sets += other.undecodable_sets;
  lost_units += other.lost_units;
  counter_rows += other.counter_rows;
  agent_drops += other.agent_drops;
  anomalies += other.anomalies;
  if (first_seen == Timestamp{} || (other.first_seen != Timestamp{} && other.first_seen < first_seen)) {
    first_seen = other.first_seen;
  }
  last_seen = std::max(last_seen, other.last_seen);
  protocols |= other.protocols;
  if (other.sampling_rate != 0) sampling_rate = other.sampling_rate;
  return *this;
}

uint64_t ExporterLedger::dropped() const {
  return std::accumulate(rows_dropped.begin(), rows_dropped.end(), uint64_t{0});
}

uint64_t ExporterLedger::counters_dropped() const {
  return std::accumulate(counter_rows_dropped.begin(), counter_rows_dropped.end(), uint64_t{0});
}

ExporterLedger& ExporterLedger::operator+=(const ExporterLedger& other) {
  counters += other.counters;
  rows_stored += other.rows_stored;
  counter_rows_stored += other.counter_rows_stored;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    rows_dropped[i] += other.rows_dropped[i];
    counter_rows_dropped[i] += other.counter_rows_dropped[i];
  }
  return *this;
}

std::string LedgerSnapshot::imbalance() const {
  const ExporterCounters& c = total.counters;
  if (c.datagrams_received != c.datagrams_decoded + c.datagrams_rejected) {
    return fmt::format("datagrams: received {} != decoded {} + rejected {}", c.datagrams_received, c.datagrams_decoded,
                       c.datagrams_rejected);
  }
  if (c.records_decoded != total.rows_stored + total.dropped()) {
    return fmt::format("records: decoded {} != stored {} + dropped {}", c.records_decoded, total.rows_stored,
                       total.dropped());
  }
  if (c.counter_rows != total.counter_rows_stored + total.counters_dropped()) {
    return fmt::format("counters: decoded {} != stored {} + dropped {}", c.counter_rows, total.counter_rows_stored,
                       total.counters_dropped());
  }
  if (streams.accepted != streams.open + streams.closed_in_all()) {
    return fmt::format("connections: accepted {} != open {} + closed {}", streams.accepted, streams.open,
                       streams.closed_in_all());
  }
  return {};
}

void Ledger::publish(size_t thread, std::vector<std::pair<IpAddress, ExporterCounters>> exporters,
                     const SocketCounters& sockets) {
  const std::lock_guard lock(mutex_);
  published_[thread] = {std::move(exporters), sockets};
}

Ledger::Rows& Ledger::rows_of(const IpAddress& exporter, const Schema& schema) {
  const auto known = rows_.find(exporter);
  TablesRows& rows =
      known != rows_.end() ? known->second : rows_[rows_.size() < kMaxExporters ? exporter : IpAddress{}];
  return &schema == Schema::counters().get() ? rows.counters : rows.flows;
}

void Ledger::stored(const Schema& schema, std::span<const ExporterRows> rows) {
  const std::lock_guard lock(mutex_);
  for (const ExporterRows& share : rows) rows_of(share.exporter, schema).stored += share.rows;
}

void Ledger::dropped(const Schema& schema, std::span<const ExporterRows> rows, DropReason reason) {
  const std::lock_guard lock(mutex_);
  for (const ExporterRows& share : rows) {
    rows_of(share.exporter, schema).dropped[static_cast<size_t>(reason)] += share.rows;
  }
}

LedgerSnapshot Ledger::snapshot() const {
  const std::lock_guard lock(mutex_);
  LedgerSnapshot snapshot;
  for (const auto& [thread, published] : published_) {
    snapshot.socket_drops += published.sockets.drops;
    snapshot.streams += published.sockets.streams;
    for (const auto& [exporter, counters] : published.exporters) snapshot.exporters[exporter].counters += counters;
  }
  for (const auto& [exporter, rows] : rows_) {
    ExporterLedger& ledger = snapshot.exporters[exporter];
    ledger.rows_stored += rows.flows.stored;
    ledger.counter_rows_stored += rows.counters.stored;
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      ledger.rows_dropped[i] += rows.flows.dropped[i];
      ledger.counter_rows_dropped[i] += rows.counters.dropped[i];
    }
  }
  for (const auto& [exporter, ledger] : snapshot.exporters) snapshot.total += ledger;
  return snapshot;
}

}  // namespace weir::flow
