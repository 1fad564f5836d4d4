// The ledger: every datagram and every record is accounted for, per exporter and in all.
//
//   datagrams_received = datagrams_decoded + datagrams_rejected (by reason)
//   records_decoded    = rows stored + rows dropped (by stage and reason) + rows on their way
//   counter_rows       = the same for the rows of the table `counters`
//   agent_drops        packets that exporters say they could not sample themselves: never seen by us
//   socket_drops       datagrams that the kernel dropped before we saw them (per socket, SO_RXQ_OVFL; no exporter is
//   known) lost_units         datagrams (v9), records (v5, IPFIX) missing from the exporter's own sequence numbers
//
// Decoding threads count without locks in their own ExporterCounters and publish a copy now and then; what the store
// did with a batch is added as it happens. Totals are sums of both; an exporter that is forgotten (session_limit) keeps
// its share in the totals.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/stream_counters.h"
#include "base/time.h"
#include "flow/anomaly.h"
#include "flow/batch.h"

namespace weir::flow {

// What decoding saw of one exporter since the start.
struct ExporterCounters {
  uint64_t datagrams_received = 0;
  uint64_t bytes_received = 0;
  uint64_t datagrams_decoded = 0;
  uint64_t datagrams_rejected = 0;
  uint64_t records_decoded = 0;  // data records that became rows
  uint64_t option_records = 0;   // records that describe the exporter, not flows
  uint64_t templates_received = 0;
  uint64_t early_sets_held = 0;     // data sets now waiting for their template
  uint64_t early_sets_decoded = 0;  // data sets that waited and were decoded
  uint64_t undecodable_sets = 0;    // data sets given up: their template never came
  uint64_t lost_units = 0;
  uint64_t counter_rows = 0;  // rows for the table `counters` (sFlow counter samples)
  uint64_t agent_drops = 0;   // packets that the exporter itself says it could not sample (sFlow drops)
  AnomalyCounts anomalies;
  Timestamp first_seen{};
  Timestamp last_seen{};
  uint32_t protocols = 0;      // bit FlowType: which protocols it speaks
  uint32_t sampling_rate = 0;  // the last one known, 0 if none

  ExporterCounters& operator+=(const ExporterCounters& other);
};

// Why rows that were decoded are not in the store.
enum class DropReason : uint8_t { queue_full, store_failed, shutdown };
inline constexpr size_t kDropReasonCount = 3;
inline constexpr std::array<std::string_view, kDropReasonCount> kDropReasons = {"queue_full", "store_failed",
                                                                                "shutdown"};

struct ExporterLedger {
  ExporterCounters counters;
  // Flows.
  uint64_t rows_stored = 0;
  std::array<uint64_t, kDropReasonCount> rows_dropped{};
  // Rows of the table `counters`.
  uint64_t counter_rows_stored = 0;
  std::array<uint64_t, kDropReasonCount> counter_rows_dropped{};

  uint64_t dropped() const;
  uint64_t counters_dropped() const;
  ExporterLedger& operator+=(const ExporterLedger& other);
};

// What the sockets of one thread have counted since the start.
struct SocketCounters {
  uint64_t drops = 0;  // datagrams that the kernel dropped
  StreamCounters streams;
};

struct LedgerSnapshot {
  std::map<IpAddress, ExporterLedger> exporters;
  ExporterLedger total;
  uint64_t socket_drops = 0;
  StreamCounters streams;
  uint64_t rows_in_flight() const { return total.counters.records_decoded - total.rows_stored - total.dropped(); }
  uint64_t counter_rows_in_flight() const {
    return total.counters.counter_rows - total.counter_rows_stored - total.counters_dropped();
  }
  // Empty if the sums add up (every row stored or dropped, every datagram decoded or rejected), else what does not.
  // Only meaningful once nothing is in flight.
  std::string imbalance() const;
};

class Ledger {
 public:
  // Exporters with a line of their own; the rows of any further ones (forged sources) are summed up under the
  // unspecified address, so that the ledger stays small and still adds up.
  static constexpr size_t kMaxExporters = 65536;

  // Replaces what `thread` published before.
  void publish(size_t thread, std::vector<std::pair<IpAddress, ExporterCounters>> exporters,
               const SocketCounters& sockets);
  // rows: of a batch of this schema, which says what table they belong to.
  void stored(const Schema& schema, std::span<const ExporterRows> rows);
  void dropped(const Schema& schema, std::span<const ExporterRows> rows, DropReason reason);
  void stored(const FlowBatch& batch) { stored(batch.schema(), batch.exporters()); }
  void dropped(const FlowBatch& batch, DropReason reason) { dropped(batch.schema(), batch.exporters(), reason); }
  LedgerSnapshot snapshot() const;

 private:
  struct Published {
    std::vector<std::pair<IpAddress, ExporterCounters>> exporters;
    SocketCounters sockets;
  };
  struct Rows {
    uint64_t stored = 0;
    std::array<uint64_t, kDropReasonCount> dropped{};
  };
  struct TablesRows {
    Rows flows;
    Rows counters;
  };

  Rows& rows_of(const IpAddress& exporter, const Schema& schema);

  mutable std::mutex mutex_;
  std::map<size_t, Published> published_;
  std::map<IpAddress, TablesRows> rows_;
};

}  // namespace weir::flow
