// The ledger: every datagram and every record is accounted for, per exporter and in all.
//
//   datagrams_received = datagrams_decoded + datagrams_rejected (by reason)
//   rows decoded       = rows stored + rows dropped (by reason) + rows in flight; for each table, at each outlet
//   agent_drops        packets that exporters say they could not sample themselves: never seen by us
//   socket_drops       datagrams that the kernel dropped before we saw them, by socket (SO_RXQ_OVFL); no exporter is
//                      known
//   socket_left        datagrams that were still in the sockets when stopping had to end: nobody looked at them
//   lost_units         datagrams (v9, sFlow) or records (v5, IPFIX) missing from the exporter's own sequence numbers,
//                      where those go on as they should; where they do not, loss is unknown (StreamSummary)
//   lost_down_units    the same, sent while no collector ran (decode/session/place.h): between the last message of the
//                      run before and the first one of this; lost_killed_units: after the last account of a run that
//                      was killed, which may have received and stored a part of it
//
// An outlet is a way out of the collector: the store, or another sink (pipeline/outlet.h). Each has an Account, and the
// equation holds for each: a row that one outlet dropped may be stored at another.
//
// What is on its way is counted, too, not only what is missing in the sum: rows in builders by their thread, rows that
// wait for enrichment by the ledger, rows that an outlet owes by its account. So unaccounted() can be wrong, and tells
// that rows have gone some other way. It is exact at any moment: rows that move from one place to the next do so while
// hold() is held.
//
// Decoding threads count without locks in their own ExporterCounters and publish a copy now and then; what an outlet
// did with a batch is added as it happens. Totals are sums of both; an exporter that is forgotten (session_limit) keeps
// its share in the totals.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/stream_counters.h"
#include "base/time.h"
#include "flow/anomaly.h"
#include "flow/batch.h"
#include "flow/table.h"

namespace weir::flow {

// How much is known of what was lost: of all that an exporter sent, of a part, of nothing.
enum class LossKnown : uint8_t { all, part, none };
constexpr std::string_view name(LossKnown known) {
  return known == LossKnown::all ? "all" : known == LossKnown::part ? "part" : "none";
}

// The streams of an exporter (decode/session/streams.h) that have sent something within the last hour, and that no
// restart has ended.
struct StreamSummary {
  uint64_t streams = 0;
  uint64_t clocks = 0;        // different boots of theirs, as far as they tell an uptime
  uint64_t loss_unknown = 0;  // streams whose numbers do not tell what was lost
  uint64_t loss_in_part = 0;  // streams some of whose messages could not be counted

  // No stream, no doubt: what was lost by streams that are gone was counted.
  LossKnown loss_known() const;
  StreamSummary& operator+=(const StreamSummary& other);
  bool operator==(const StreamSummary&) const = default;
};

// What decoding saw of one exporter since the start.
struct ExporterCounters {
  uint64_t datagrams_received = 0;
  uint64_t bytes_received = 0;
  uint64_t datagrams_decoded = 0;
  uint64_t datagrams_rejected = 0;
  PerTable<uint64_t> rows;      // decoded, of each table; of flows: data records that became rows
  uint64_t option_records = 0;  // records that describe the exporter, not flows
  uint64_t templates_received = 0;
  uint64_t early_sets_held = 0;     // data sets now waiting for their template
  uint64_t early_sets_decoded = 0;  // data sets that waited and were decoded
  uint64_t undecodable_sets = 0;    // data sets given up: their template never came
  uint64_t lost_units = 0;
  uint64_t lost_down_units = 0;
  uint64_t lost_killed_units = 0;
  uint64_t lost_down_unknown = 0;  // streams of before the start whose loss since then is not known
  uint64_t agent_drops = 0;        // packets that the exporter itself says it could not sample (sFlow drops)
  AnomalyCounts anomalies;
  StreamSummary streams;  // as they were at the last look
  Timestamp first_seen{};
  Timestamp last_seen{};
  uint32_t protocols = 0;      // bit FlowType: which protocols it speaks
  uint32_t sampling_rate = 0;  // the last one known, 0 if none

  ExporterCounters& operator+=(const ExporterCounters& other);
};

// Why rows that were decoded are not at an outlet: its queue was full, its sink could not take them, the end came
// first.
enum class DropReason : uint8_t { queue_full, store_failed, shutdown };
inline constexpr size_t kDropReasonCount = 3;
inline constexpr std::array<std::string_view, kDropReasonCount> kDropReasons = {"queue_full", "store_failed",
                                                                                "shutdown"};

// What became of rows of one table at one outlet.
struct RowCounts {
  uint64_t stored = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};

  uint64_t& operator[](DropReason reason) { return dropped[static_cast<size_t>(reason)]; }
  uint64_t operator[](DropReason reason) const { return dropped[static_cast<size_t>(reason)]; }
  uint64_t dropped_in_all() const;
  RowCounts& operator+=(const RowCounts& other);
  bool operator==(const RowCounts&) const = default;
};
using TableRows = PerTable<RowCounts>;

struct ExporterLedger {
  ExporterCounters counters;
  std::vector<TableRows> outlets;  // as LedgerSnapshot::outlets; those behind the last one that is here: zeros

  TableRows& outlet(size_t number);
  const TableRows& outlet(size_t number) const;
  // At the first outlet, which is the store.
  RowCounts& rows(Table table) { return outlet(0)[table]; }
  const RowCounts& rows(Table table) const { return outlet(0)[table]; }
  uint64_t in_flight(size_t outlet_number, Table table) const;
  ExporterLedger& operator+=(const ExporterLedger& other);
};

// What the sockets of one thread have counted since the start.
struct SocketCounters {
  uint64_t drops = 0;  // datagrams that the kernel dropped
  uint64_t left = 0;   // datagrams that were not taken before the end
  StreamCounters streams;
};

struct LedgerSnapshot {
  std::vector<std::string> outlets;  // their names
  std::map<IpAddress, ExporterLedger> exporters;
  ExporterLedger total;
  uint64_t socket_drops = 0;
  uint64_t socket_left = 0;
  StreamCounters streams;
  std::vector<PerTable<int64_t>> unaccounted_rows;  // by outlet
  // Rows decoded that are nowhere: neither stored nor dropped at the outlet nor on their way to it. Less than zero:
  // more arrived than was decoded. Not 0: there is a fault in this program.
  int64_t unaccounted(size_t outlet_number, Table table) const {
    return outlet_number < unaccounted_rows.size() ? unaccounted_rows[outlet_number][table] : 0;
  }
  // The same of datagrams that are neither decoded nor rejected, of connections neither open nor closed.
  int64_t unaccounted_datagrams() const;
  int64_t unaccounted_connections() const;
  // Adds what another run counted. Outlets go by their names; exporters that there is no room for are under no address.
  LedgerSnapshot& operator+=(const LedgerSnapshot& other);
  // Empty if the sums add up (every row stored or dropped, every datagram decoded or rejected), else what does not.
  // Only meaningful once nothing is in flight.
  std::string imbalance() const;
};

class Receipt;

// The account of one outlet. Any thread. Rows enter it with a Receipt, and leave it with the receipt's answer.
class Account {
 public:
  explicit Account(std::string outlet) : outlet_(std::move(outlet)) {}

  const std::string& outlet() const { return outlet_; }

  // The sink does not answer any more: what is open counts as dropped, and answers that come late do not count.
  void abandon(DropReason reason);

  // What became of all rows of a table.
  RowCounts rows(Table table) const;
  // Hears of each answer, for batches that know the datagrams of their rows. Before the first receipt; outlives them.
  void set_listener(MarksListener* listener) { listener_ = listener; }

  // Its share of the snapshot, as outlet `number`; what nobody has published any more is under no address. Returns the
  // rows that entered it so far.
  PerTable<uint64_t> add_to(LedgerSnapshot& snapshot, size_t number) const;

 private:
  friend class Receipt;
  struct Exporter {
    TableRows answered;
    PerTable<uint64_t> open;
    uint64_t used = 0;
  };

  void open(Table table, std::span<const ExporterRows> rows);
  // reason: why they were dropped; nothing: they are stored.
  void answer(Table table, std::span<const ExporterRows> rows, std::optional<DropReason> reason);
  Exporter& of(const IpAddress& exporter);
  // Of those that owe nothing, the half that was used the longest ago has its share under no address from here on.
  void fold();

  const std::string outlet_;
  MarksListener* listener_ = nullptr;
  mutable std::mutex mutex_;
  std::map<IpAddress, Exporter> exporters_;
  uint64_t uses_ = 0;
  bool abandoned_ = false;
};

// What an outlet owes for the rows of a batch: one answer, from any thread. A receipt that goes away without one, such
// as by an exception, says that the rows were dropped. So no row leaves a ledger unseen, whatever a sink does.
class Receipt {
 public:
  Receipt(std::shared_ptr<Account> account, const FlowBatch& batch);
  ~Receipt() { give(DropReason::store_failed); }
  Receipt(Receipt&&) noexcept = default;
  Receipt& operator=(Receipt&& other) noexcept;

  void stored() { give(std::nullopt); }
  void dropped(DropReason reason) { give(reason); }

 private:
  void give(std::optional<DropReason> reason);

  std::shared_ptr<Account> account_;  // null: answered
  Table table_;
  std::vector<ExporterRows> rows_;
  std::shared_ptr<const Marks> marks_;
};

class Ledger {
 public:
  // Exporters with a line of their own; the rows of any further ones (forged sources) are summed up under the
  // unspecified address, so that the ledger stays small and still adds up.
  static constexpr size_t kMaxExporters = 65536;

  // Replaces what `thread` published before. waiting: rows decoded that have not been handed over yet. more: called
  // while hold() is held, for what is to be of the same moment; may be empty.
  void publish(size_t thread, std::vector<std::pair<IpAddress, ExporterCounters>> exporters,
               const SocketCounters& sockets, const PerTable<uint64_t>& waiting = {},
               const std::function<void()>& more = {});

  // Held where rows, or counts that belong together, move on: whoever holds it sees them on one side only.
  std::unique_lock<std::mutex> hold() const { return std::unique_lock(hold_); }
  // Rows leave their thread. The caller holds hold(), and then hands them to the outlets, or to enrichment.
  void note_handed_over(size_t thread, Table table, uint64_t rows) { handed_over_[thread][table] += rows; }
  // The same of rows that enrichment has taken, and of those that it lets go of.
  void note_enriching(Table table, int64_t rows) { enriching_[table] += rows; }
  // The account of an outlet, made when it is first asked for. The first one made is that of the store.
  std::shared_ptr<Account> outlet(std::string_view name);
  LedgerSnapshot snapshot() const {
    const auto held = hold();
    return snapshot_held();
  }
  // The caller holds hold().
  LedgerSnapshot snapshot_held() const;

 private:
  struct Published {
    std::vector<std::pair<IpAddress, ExporterCounters>> exporters;
    SocketCounters sockets;
    PerTable<int64_t> unaccounted;  // decoded, and neither handed over nor waiting
  };

  mutable std::mutex hold_;
  std::map<size_t, PerTable<uint64_t>> handed_over_;  // guarded by hold_, as is the next
  PerTable<int64_t> enriching_;
  mutable std::mutex mutex_;
  std::map<size_t, Published> published_;
  std::vector<std::shared_ptr<Account>> outlets_;
};

}  // namespace weir::flow
