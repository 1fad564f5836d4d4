#include "flow/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace weir::flow {

LossKnown StreamSummary::loss_known() const {
  if (loss_unknown == 0 && loss_in_part == 0) return LossKnown::all;
  return loss_unknown == streams ? LossKnown::none : LossKnown::part;
}

StreamSummary& StreamSummary::operator+=(const StreamSummary& other) {
  streams += other.streams;
  clocks += other.clocks;
  loss_unknown += other.loss_unknown;
  loss_in_part += other.loss_in_part;
  return *this;
}

ExporterCounters& ExporterCounters::operator+=(const ExporterCounters& other) {
  datagrams_received += other.datagrams_received;
  bytes_received += other.bytes_received;
  datagrams_decoded += other.datagrams_decoded;
  datagrams_rejected += other.datagrams_rejected;
  for (const Table table : kTables) rows[table] += other.rows[table];
  option_records += other.option_records;
  templates_received += other.templates_received;
  early_sets_held += other.early_sets_held;
  early_sets_decoded += other.early_sets_decoded;
  undecodable_sets += other.undecodable_sets;
  lost_units += other.lost_units;
  lost_down_units += other.lost_down_units;
  lost_killed_units += other.lost_killed_units;
  lost_down_unknown += other.lost_down_unknown;
  agent_drops += other.agent_drops;
  anomalies += other.anomalies;
  streams += other.streams;
  if (first_seen == Timestamp{} || (other.first_seen != Timestamp{} && other.first_seen < first_seen)) {
    first_seen = other.first_seen;
  }
  last_seen = std::max(last_seen, other.last_seen);
  protocols |= other.protocols;
  if (other.sampling_rate != 0) sampling_rate = other.sampling_rate;
  return *this;
}

uint64_t RowCounts::dropped_in_all() const { return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0}); }

RowCounts& RowCounts::operator+=(const RowCounts& other) {
  stored += other.stored;
  for (size_t i = 0; i < kDropReasonCount; ++i) dropped[i] += other.dropped[i];
  return *this;
}

TableRows& ExporterLedger::outlet(size_t number) {
  if (number >= outlets.size()) outlets.resize(number + 1);
  return outlets[number];
}

const TableRows& ExporterLedger::outlet(size_t number) const {
  static const TableRows kNone;
  return number < outlets.size() ? outlets[number] : kNone;
}

uint64_t ExporterLedger::in_flight(size_t outlet_number, Table table) const {
  const RowCounts& counts = outlet(outlet_number)[table];
  return counters.rows[table] - counts.stored - counts.dropped_in_all();
}

ExporterLedger& ExporterLedger::operator+=(const ExporterLedger& other) {
  counters += other.counters;
  for (size_t i = 0; i < other.outlets.size(); ++i) {
    for (const Table table : kTables) outlet(i)[table] += other.outlets[i][table];
  }
  return *this;
}

LedgerSnapshot& LedgerSnapshot::operator+=(const LedgerSnapshot& other) {
  std::vector<size_t> numbers;  // here, of the other one's outlets
  for (const std::string& name : other.outlets) {
    const auto known = std::ranges::find(outlets, name);
    numbers.push_back(static_cast<size_t>(known - outlets.begin()));
    if (known == outlets.end()) outlets.push_back(name);
  }
  const auto add = [&](ExporterLedger& into, const ExporterLedger& ledger) {
    into.counters += ledger.counters;
    for (size_t i = 0; i < ledger.outlets.size(); ++i) {
      TableRows& rows = into.outlet(i < numbers.size() ? numbers[i] : i);
      for (const Table table : kTables) rows[table] += ledger.outlets[i][table];
    }
  };
  for (const auto& [address, ledger] : other.exporters) {
    const bool fits = exporters.size() < Ledger::kMaxExporters || exporters.contains(address);
    add(exporters[fits ? address : IpAddress{}], ledger);
  }
  add(total, other.total);
  socket_drops += other.socket_drops;
  socket_left += other.socket_left;
  streams += other.streams;
  return *this;
}

int64_t LedgerSnapshot::unaccounted_datagrams() const {
  const ExporterCounters& c = total.counters;
  return static_cast<int64_t>(c.datagrams_received - c.datagrams_decoded - c.datagrams_rejected);
}

int64_t LedgerSnapshot::unaccounted_connections() const {
  return static_cast<int64_t>(streams.accepted - streams.open - streams.closed_in_all());
}

std::string LedgerSnapshot::imbalance() const {
  const ExporterCounters& c = total.counters;
  if (c.datagrams_received != c.datagrams_decoded + c.datagrams_rejected) {
    return fmt::format("datagrams: received {} != decoded {} + rejected {}", c.datagrams_received, c.datagrams_decoded,
                       c.datagrams_rejected);
  }
  for (size_t i = 0; i < std::max<size_t>(outlets.size(), 1); ++i) {
    const std::string at = i == 0 ? std::string() : outlets[i] + ": ";
    for (const Table table : kDecodedTables) {
      const RowCounts& rows = total.outlet(i)[table];
      if (c.rows[table] == rows.stored + rows.dropped_in_all()) continue;
      return fmt::format("{}{}: decoded {} != stored {} + dropped {}", at, name(table), c.rows[table], rows.stored,
                         rows.dropped_in_all());
    }
  }
  if (streams.accepted != streams.open + streams.closed_in_all()) {
    return fmt::format("connections: accepted {} != open {} + closed {}", streams.accepted, streams.open,
                       streams.closed_in_all());
  }
  return {};
}

Account::Exporter& Account::of(const IpAddress& exporter) {
  auto known = exporters_.find(exporter);
  if (known == exporters_.end()) {
    if (exporters_.size() >= Ledger::kMaxExporters) fold();
    known = exporters_.try_emplace(exporters_.size() < Ledger::kMaxExporters ? exporter : IpAddress{}).first;
  }
  known->second.used = ++uses_;
  return known->second;
}

// On average a constant time for each exporter that is new.
void Account::fold() {
  const auto is_closed = [](const Exporter& exporter) {
    return std::ranges::all_of(kTables, [&](Table table) { return exporter.open[table] == 0; });
  };
  std::vector<uint64_t> uses;
  for (const auto& [address, exporter] : exporters_) {
    if (is_closed(exporter)) uses.push_back(exporter.used);
  }
  if (uses.empty()) return;
  const auto median = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
  std::ranges::nth_element(uses, median);
  Exporter& forgotten = exporters_[IpAddress{}];
  std::erase_if(exporters_, [&](const auto& entry) {
    const auto& [address, exporter] = entry;
    if (&exporter == &forgotten || exporter.used > *median || !is_closed(exporter)) return false;
    for (const Table table : kTables) forgotten.answered[table] += exporter.answered[table];
    return true;
  });
}

void Account::open(Table table, std::span<const ExporterRows> rows) {
  const std::lock_guard lock(mutex_);
  for (const ExporterRows& share : rows) of(share.exporter).open[table] += share.rows;
}

void Account::answer(Table table, std::span<const ExporterRows> rows, std::optional<DropReason> reason) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return;
  for (const ExporterRows& share : rows) {
    Exporter& exporter = of(share.exporter);
    exporter.open[table] -= share.rows;
    RowCounts& counts = exporter.answered[table];
    (reason ? counts[*reason] : counts.stored) += share.rows;
  }
}

void Account::abandon(DropReason reason) {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  for (auto& [address, exporter] : exporters_) {
    for (const Table table : kTables) exporter.answered[table][reason] += std::exchange(exporter.open[table], 0);
  }
}

RowCounts Account::rows(Table table) const {
  const std::lock_guard lock(mutex_);
  RowCounts sum;
  for (const auto& [address, exporter] : exporters_) sum += exporter.answered[table];
  return sum;
}

PerTable<uint64_t> Account::add_to(LedgerSnapshot& snapshot, size_t number) const {
  const std::lock_guard lock(mutex_);
  PerTable<uint64_t> entered;
  for (const auto& [address, exporter] : exporters_) {
    const auto known = snapshot.exporters.find(address);
    ExporterLedger& ledger = known != snapshot.exporters.end() ? known->second : snapshot.exporters[IpAddress{}];
    for (const Table table : kTables) {
      const RowCounts& answered = exporter.answered[table];
      ledger.outlet(number)[table] += answered;
      entered[table] += exporter.open[table] + answered.stored + answered.dropped_in_all();
    }
  }
  return entered;
}

Receipt::Receipt(std::shared_ptr<Account> account, const FlowBatch& batch)
    : account_(std::move(account)),
      table_(batch.schema().table()),
      rows_(batch.exporters().begin(), batch.exporters().end()),
      marks_(batch.marks()) {
  account_->open(table_, rows_);
}

Receipt& Receipt::operator=(Receipt&& other) noexcept {
  if (this != &other) {
    give(DropReason::store_failed);
    account_ = std::move(other.account_);
    table_ = other.table_;
    rows_ = std::move(other.rows_);
    marks_ = std::move(other.marks_);
  }
  return *this;
}

void Receipt::give(std::optional<DropReason> reason) {
  const auto account = std::exchange(account_, nullptr);
  if (!account) return;
  account->answer(table_, rows_, reason);
  if (marks_ && account->listener_ != nullptr) account->listener_->answered(*marks_);
}

void Ledger::publish(size_t thread, std::vector<std::pair<IpAddress, ExporterCounters>> exporters,
                     const SocketCounters& sockets, const PerTable<uint64_t>& waiting,
                     const std::function<void()>& more) {
  const auto held = hold();
  if (more) more();
  const std::lock_guard lock(mutex_);
  PerTable<int64_t> unaccounted;
  for (const Table table : kTables) {
    uint64_t decoded = 0;
    for (const auto& [exporter, counters] : exporters) decoded += counters.rows[table];
    unaccounted[table] = static_cast<int64_t>(decoded - handed_over_[thread][table] - waiting[table]);
  }
  published_[thread] = {std::move(exporters), sockets, unaccounted};
}

std::shared_ptr<Account> Ledger::outlet(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(outlets_, name, [](const auto& account) { return account->outlet(); });
  return known != outlets_.end() ? *known : outlets_.emplace_back(std::make_shared<Account>(std::string(name)));
}

LedgerSnapshot Ledger::snapshot_held() const {
  const std::lock_guard lock(mutex_);
  LedgerSnapshot snapshot;
  PerTable<int64_t> before;  // the outlets: what should have entered each of them, and what is missing before that
  for (const Table table : kTables) {
    for (const auto& [thread, rows] : handed_over_) before[table] += static_cast<int64_t>(rows[table]);
    for (const auto& [thread, published] : published_) before[table] += published.unaccounted[table];
    before[table] -= enriching_[table];
  }
  for (const auto& [thread, published] : published_) {
    snapshot.socket_drops += published.sockets.drops;
    snapshot.socket_left += published.sockets.left;
    snapshot.streams += published.sockets.streams;
    for (const auto& [exporter, counters] : published.exporters) snapshot.exporters[exporter].counters += counters;
  }
  for (size_t i = 0; i < outlets_.size(); ++i) {
    snapshot.outlets.push_back(outlets_[i]->outlet());
    const PerTable<uint64_t> entered = outlets_[i]->add_to(snapshot, i);
    PerTable<int64_t>& unaccounted = snapshot.unaccounted_rows.emplace_back(before);
    for (const Table table : kTables) unaccounted[table] -= static_cast<int64_t>(entered[table]);
  }
  for (const auto& [exporter, ledger] : snapshot.exporters) snapshot.total += ledger;
  return snapshot;
}

}  // namespace weir::flow
