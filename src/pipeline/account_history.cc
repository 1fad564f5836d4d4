#include "pipeline/account_history.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::pipeline {
namespace {

using flow::AccountColumn;
using flow::DropReason;
using flow::ExporterLedger;
using flow::Table;

// grows: the row has what it has grown by; else what it is at the end of the minute.
struct Count {
  AccountColumn column;
  uint64_t (*value)(const ExporterLedger&);
  bool grows = true;
};

constexpr std::array<Count, AccountHistory::kCounts> kAllCounts = {{
    {AccountColumn::datagrams_received, [](const ExporterLedger& e) { return e.counters.datagrams_received; }},
    {AccountColumn::bytes_received, [](const ExporterLedger& e) { return e.counters.bytes_received; }},
    {AccountColumn::datagrams_decoded, [](const ExporterLedger& e) { return e.counters.datagrams_decoded; }},
    {AccountColumn::datagrams_rejected, [](const ExporterLedger& e) { return e.counters.datagrams_rejected; }},
    {AccountColumn::flows_decoded, [](const ExporterLedger& e) { return e.counters.rows[Table::flows]; }},
    {AccountColumn::flows_stored, [](const ExporterLedger& e) { return e.rows(Table::flows).stored; }},
    {AccountColumn::flows_dropped_queue_full,
     [](const ExporterLedger& e) { return e.rows(Table::flows)[DropReason::queue_full]; }},
    {AccountColumn::flows_dropped_store_failed,
     [](const ExporterLedger& e) { return e.rows(Table::flows)[DropReason::store_failed]; }},
    {AccountColumn::flows_dropped_shutdown,
     [](const ExporterLedger& e) { return e.rows(Table::flows)[DropReason::shutdown]; }},
    {AccountColumn::flows_waiting, [](const ExporterLedger& e) { return e.in_flight(0, Table::flows); }, false},
    {AccountColumn::counters_decoded, [](const ExporterLedger& e) { return e.counters.rows[Table::counters]; }},
    {AccountColumn::counters_stored, [](const ExporterLedger& e) { return e.rows(Table::counters).stored; }},
    {AccountColumn::counters_dropped, [](const ExporterLedger& e) { return e.rows(Table::counters).dropped_in_all(); }},
    {AccountColumn::sets_waiting, [](const ExporterLedger& e) { return e.counters.early_sets_held; }, false},
    {AccountColumn::sets_without_template, [](const ExporterLedger& e) { return e.counters.undecodable_sets; }},
    {AccountColumn::lost, [](const ExporterLedger& e) { return e.counters.lost_units; }},
    {AccountColumn::lost_down, [](const ExporterLedger& e) { return e.counters.lost_down_units; }},
    {AccountColumn::lost_killed, [](const ExporterLedger& e) { return e.counters.lost_killed_units; }},
    {AccountColumn::reported_drops, [](const ExporterLedger& e) { return e.counters.agent_drops; }},
}};
constexpr size_t kDatagrams = 0;
constexpr size_t kFlows = 4;

AccountHistory::Counts counts_of(const ExporterLedger& ledger) {
  AccountHistory::Counts counts{};
  for (size_t i = 0; i < kAllCounts.size(); ++i) counts[i] = kAllCounts[i].value(ledger);
  return counts;
}

template <AccountColumn column, class T>
void put(flow::FlowBatch& batch, size_t row, T value) {
  batch.values<column>()[row] = static_cast<flow::ValueOf<column>>(value);
  batch.set_valid(column, row, 1);
}

void put_text(flow::FlowBatch& batch, AccountColumn column, size_t row, std::string_view text) {
  static_cast<flow::TextRef*>(batch.raw(column))[row] = batch.add_text(text);
  batch.set_valid(column, row, 1);
}

// What all rows of a minute have in common.
struct Minute {
  Timestamp time;
  Timestamp started;
  Micros covered;
};

size_t add_row(flow::FlowBatch& batch, const Minute& minute, std::string_view kind, const IpAddress& exporter,
               const AccountHistory::Counts& counts) {
  const size_t row = batch.append(1, exporter);
  put<AccountColumn::time_received>(batch, row, to_us(minute.time));
  put<AccountColumn::run_started>(batch, row, to_us(minute.started));
  put<AccountColumn::covered_ms>(batch, row, std::clamp<int64_t>(minute.covered.count() / 1000, 0, UINT32_MAX));
  put_text(batch, AccountColumn::kind, row, kind);
  for (size_t i = 0; i < kAllCounts.size(); ++i) {
    static_cast<uint64_t*>(batch.raw(kAllCounts[i].column))[row] = counts[i];
    batch.set_valid(kAllCounts[i].column, row, 1);
  }
  return row;
}

}  // namespace

AccountHistory::Counts AccountHistory::grown(const IpAddress& exporter, const Counts& before, const Counts& now) {
  Counts grown{};
  const auto known = owed_.find(exporter);
  Counts owed = known == owed_.end() ? Counts{} : known->second;
  for (size_t i = 0; i < kAllCounts.size(); ++i) {
    if (!kAllCounts[i].grows) {
      grown[i] = now[i];
      continue;
    }
    if (now[i] < before[i]) owed[i] += before[i] - now[i];
    const uint64_t more = now[i] - std::min(before[i], now[i]);
    const uint64_t paid = std::min(owed[i], more);
    owed[i] -= paid;
    grown[i] = more - paid;
  }
  if (owed != Counts{}) {
    owed_[exporter] = owed;
  } else if (known != owed_.end()) {
    owed_.erase(known);
  }
  return grown;
}

flow::SealedBatch AccountHistory::rows(const flow::LedgerSnapshot& ledger, Timestamp now, Micros uptime) {
  const Minute minute{minute_, started_, uptime - std::exchange(uptime_, uptime)};
  minute_ = std::chrono::floor<std::chrono::minutes>(now);

  const Counts total = counts_of(ledger.total);
  const Counts all = grown(IpAddress{}, std::exchange(total_before_, total), total);
  std::vector<Line> lines;
  std::map<IpAddress, Counts> seen;
  for (const auto& [exporter, share] : ledger.exporters) {
    if (exporter == IpAddress{}) continue;  // what others had counted moves there
    const Counts counts = counts_of(share);
    seen.emplace_hint(seen.end(), exporter, counts);
    const auto known = before_.find(exporter);
    // One that was forgotten and came back counts anew.
    const bool anew = known == before_.end() || counts[kDatagrams] < known->second[kDatagrams];
    if (anew) owed_.erase(exporter);
    const Counts more = grown(exporter, anew ? Counts{} : known->second, counts);
    if (more != Counts{}) lines.push_back({exporter, &share, more});
  }
  std::erase_if(owed_, [&](const auto& entry) { return entry.first != IpAddress{} && !seen.contains(entry.first); });
  before_ = std::move(seen);
  const auto most_first = [](const Line& line) { return std::tuple(line.counts[kFlows] > 0, line.counts[kDatagrams]); };
  if (lines.size() > max_exporters_) {
    std::ranges::nth_element(lines, lines.begin() + static_cast<std::ptrdiff_t>(max_exporters_), std::greater{},
                             most_first);
    lines.resize(max_exporters_);
    std::ranges::sort(lines, {}, &Line::exporter);
  }

  constexpr size_t kWord = 64;  // a batch has room for a multiple of it
  const auto batch =
      std::make_shared<flow::FlowBatch>((lines.size() + 2 + kWord - 1) / kWord * kWord, flow::Schema::account());
  const size_t collector = add_row(*batch, minute, "collector", IpAddress{}, all);
  put<AccountColumn::up>(*batch, collector, 1);
  put<AccountColumn::socket_drops>(*batch, collector,
                                   ledger.socket_drops - std::exchange(socket_drops_, ledger.socket_drops));
  put_text(*batch, AccountColumn::loss_known, collector, name(ledger.total.counters.streams.loss_known()));
  Counts rest = all;
  for (const Line& line : lines) {
    const size_t row = add_row(*batch, minute, "exporter", line.exporter, line.counts);
    put<AccountColumn::sampler_address>(*batch, row, line.exporter);
    put_text(*batch, AccountColumn::loss_known, row, name(line.ledger->counters.streams.loss_known()));
    for (size_t i = 0; i < kAllCounts.size(); ++i) rest[i] -= std::min(rest[i], line.counts[i]);
  }
  if (rest != Counts{}) add_row(*batch, minute, "others", IpAddress{}, rest);
  return flow::seal(batch);
}

}  // namespace weir::pipeline
