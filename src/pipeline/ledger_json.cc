#include "pipeline/ledger_json.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <span>
#include <utility>

#include "flow/flow_type.h"
#include "pipeline/places.h"
#include "pipeline/places_json.h"

namespace weir::pipeline {
namespace {

namespace json = boost::json;
using flow::ExporterCounters;
using flow::ExporterLedger;

constexpr int kVersion = 1;

// The plain counters, by their names: one list for both directions.
struct NamedCounter {
  std::string_view name;
  uint64_t ExporterCounters::* member;
};
constexpr auto kCounters = std::to_array<NamedCounter>({
    {"datagrams_received", &ExporterCounters::datagrams_received},
    {"bytes_received", &ExporterCounters::bytes_received},
    {"datagrams_decoded", &ExporterCounters::datagrams_decoded},
    {"datagrams_rejected", &ExporterCounters::datagrams_rejected},
    {"option_records", &ExporterCounters::option_records},
    {"templates_received", &ExporterCounters::templates_received},
    {"early_sets_held", &ExporterCounters::early_sets_held},
    {"early_sets_decoded", &ExporterCounters::early_sets_decoded},
    {"undecodable_sets", &ExporterCounters::undecodable_sets},
    {"lost_units", &ExporterCounters::lost_units},
    {"lost_down_units", &ExporterCounters::lost_down_units},
    {"lost_killed_units", &ExporterCounters::lost_killed_units},
    {"lost_down_unknown_streams", &ExporterCounters::lost_down_unknown},
    {"agent_drops", &ExporterCounters::agent_drops},
});

// Of the streams of an exporter.
struct NamedSummary {
  std::string_view name;
  uint64_t flow::StreamSummary::* member;
};
constexpr auto kStreamSummary = std::to_array<NamedSummary>({
    {"streams", &flow::StreamSummary::streams},
    {"clocks", &flow::StreamSummary::clocks},
    {"loss_unknown_streams", &flow::StreamSummary::loss_unknown},
    {"loss_in_part_streams", &flow::StreamSummary::loss_in_part},
});

// The rows of a table: decoded, and what became of them in the store.
struct TableMembers {
  std::string_view decoded, stored, dropped;
};
constexpr TableMembers members_of(flow::Table table) {
  switch (table) {
    case flow::Table::flows:
      return {"records_decoded", "rows_stored", "rows_dropped"};
    case flow::Table::counters:
      return {"counter_rows", "counter_rows_stored", "counter_rows_dropped"};
    case flow::Table::account:
      break;  // not decoded
  }
  return {};
}

struct NamedStoreCounter {
  std::string_view name;
  uint64_t store::StoreCounters::* member;
};
constexpr auto kStoreCounters = std::to_array<NamedStoreCounter>({
    {"segments_written", &store::StoreCounters::segments_written},
    {"rows_written", &store::StoreCounters::rows_written},
    {"bytes_written", &store::StoreCounters::bytes_written},
    {"write_failures", &store::StoreCounters::write_failures},
    {"segments_compacted", &store::StoreCounters::segments_compacted},
    {"segments_expired", &store::StoreCounters::segments_expired},
    {"segments_corrupt", &store::StoreCounters::segments_corrupt},
    {"scrubbed_segments", &store::StoreCounters::scrubbed_segments},
    {"scrubbed_bytes", &store::StoreCounters::scrubbed_bytes},
    {"scrub_rounds", &store::StoreCounters::scrub_rounds},
});

struct NamedFileCounter {
  std::string_view name;
  uint64_t StateFileCounters::* member;
};
constexpr auto kFileCounters = std::to_array<NamedFileCounter>({
    {"sessions_restored", &StateFileCounters::sessions_restored},
    {"templates_restored", &StateFileCounters::templates_restored},
    {"saves", &StateFileCounters::saves},
    {"save_failures", &StateFileCounters::save_failures},
    {"sessions_left_out", &StateFileCounters::sessions_left_out},
});

struct NamedSharingCounter {
  std::string_view name;
  uint64_t SharingCounters::* member;
};
constexpr auto kSharingCounters = std::to_array<NamedSharingCounter>({
    {"published", &SharingCounters::published},
    {"fetched", &SharingCounters::fetched},
    {"requests", &SharingCounters::requests},
    {"requests_lost", &SharingCounters::requests_lost},
    {"errors", &SharingCounters::errors},
});

struct NamedRecent {
  std::string_view name;
  uint64_t RecentCounts::* member;
};
constexpr auto kRecentCounts = std::to_array<NamedRecent>({
    {"datagrams", &RecentCounts::datagrams},
    {"bytes", &RecentCounts::bytes},
    {"rejected", &RecentCounts::rejected},
    {"flows", &RecentCounts::flows},
    {"stored", &RecentCounts::stored},
    {"dropped", &RecentCounts::dropped},
    {"lost", &RecentCounts::lost},
});

struct NamedStreamCounter {
  std::string_view name;
  uint64_t StreamCounters::* member;
};
constexpr auto kStreamCounters = std::to_array<NamedStreamCounter>({
    {"accepted", &StreamCounters::accepted},
    {"open", &StreamCounters::open},
    {"messages", &StreamCounters::messages},
    {"bytes", &StreamCounters::bytes},
    {"incomplete_bytes", &StreamCounters::incomplete_bytes},
    {"unread_bytes", &StreamCounters::unread_bytes},
});

// Bits of ExporterCounters::protocols in use: those of flow::FlowType.
constexpr uint8_t kProtocolBits = 7;

json::value time_value(Timestamp t) { return t == Timestamp{} ? json::value(nullptr) : json::value(to_rfc3339(t)); }

using RowsDropped = std::array<uint64_t, flow::kDropReasonCount>;

json::object by_reason(const RowsDropped& rows) {
  json::object out;
  for (size_t i = 0; i < flow::kDropReasonCount; ++i) out[flow::kDropReasons[i]] = rows[i];
  return out;
}

// What became of rows at the outlets beside the store, by outlet and table; empty if there are none.
json::object outlets_object(const ExporterLedger& ledger, std::span<const std::string> outlets) {
  json::object out;
  for (size_t i = 1; i < outlets.size(); ++i) {
    json::object tables;
    for (const flow::Table table : flow::kDecodedTables) {
      const flow::RowCounts& rows = ledger.outlet(i)[table];
      tables[flow::name(table)] = json::object{{"stored", rows.stored}, {"dropped", by_reason(rows.dropped)}};
    }
    out[outlets[i]] = std::move(tables);
  }
  return out;
}

json::object counters_object(const ExporterLedger& ledger, std::span<const std::string> outlets) {
  json::object out;
  json::array protocols;
  for (uint8_t bit = 0; bit < kProtocolBits; ++bit) {
    if ((ledger.counters.protocols >> bit & 1) != 0) protocols.emplace_back(name(static_cast<flow::FlowType>(bit)));
  }
  out["protocols"] = std::move(protocols);
  for (const NamedCounter& counter : kCounters) out[counter.name] = ledger.counters.*counter.member;
  for (const flow::Table table : flow::kDecodedTables) {
    const TableMembers members = members_of(table);
    out[members.decoded] = ledger.counters.rows[table];
    out[members.stored] = ledger.rows(table).stored;
    out[members.dropped] = by_reason(ledger.rows(table).dropped);
  }
  if (outlets.size() > 1) out["outlets"] = outlets_object(ledger, outlets);
  json::object anomalies;
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (ledger.counters.anomalies[anomaly] != 0) anomalies[name(anomaly)] = ledger.counters.anomalies[anomaly];
  }
  out["anomalies"] = std::move(anomalies);
  for (const NamedSummary& counter : kStreamSummary) out[counter.name] = ledger.counters.streams.*counter.member;
  out["loss_known"] = name(ledger.counters.streams.loss_known());
  out["sampling_rate"] = ledger.counters.sampling_rate;
  out["first_seen"] = time_value(ledger.counters.first_seen);
  out["last_seen"] = time_value(ledger.counters.last_seen);
  return out;
}

json::object streams_object(const StreamCounters& streams) {
  json::object out;
  for (const NamedStreamCounter& counter : kStreamCounters) out[counter.name] = streams.*counter.member;
  json::object refused;
  for (size_t i = 0; i < kStreamRefusals.size(); ++i) refused[kStreamRefusals[i]] = streams.refused[i];
  out["refused"] = std::move(refused);
  json::object closed;
  for (size_t i = 0; i < kStreamCloses.size(); ++i) closed[kStreamCloses[i]] = streams.closed[i];
  out["closed"] = std::move(closed);
  return out;
}

json::object state_object(const StateReport& state) {
  json::object out;
  if (state.file) {
    json::object file;
    for (const NamedFileCounter& counter : kFileCounters) file[counter.name] = *state.file.*counter.member;
    file["last_error"] = state.file->last_error;
    out["state_file"] = std::move(file);
  }
  if (state.sharing) {
    json::object sharing;
    sharing["connected"] = state.sharing->connected;
    for (const NamedSharingCounter& counter : kSharingCounters) sharing[counter.name] = *state.sharing.*counter.member;
    sharing["last_error"] = state.sharing->last_error;
    out["redis"] = std::move(sharing);
  }
  return out;
}

json::object recent_object(const RecentCounts& counts) {
  json::object out;
  for (const NamedRecent& counter : kRecentCounts) out[counter.name] = counts.*counter.member;
  return out;
}

json::object store_object(const store::StoreCounters& counters) {
  json::object out;
  for (const NamedStoreCounter& counter : kStoreCounters) out[counter.name] = counters.*counter.member;
  out["last_error"] = counters.last_error;
  return out;
}

// What the document begins with: of which run it is.
json::object head_object(const LedgerReport& report) {
  json::object out;
  out["version"] = kVersion;
  out["program"] = report.program;
  out["pid"] = report.pid;
  out["run"] = report.run;
  out["boot"] = report.boot;
  out["started"] = time_value(report.started);
  out["written"] = time_value(report.written);
  out["interval_ms"] = report.interval.count();
  out["finished"] = report.finished;
  if (report.recent) {
    out["last_interval_s"] = report.recent->seconds;
    out["last_interval"] = recent_object(report.recent->total);
  }
  if (report.runs) {
    out["runs"] = {{"count", report.runs->count},
                   {"last", json::array(report.runs->last.begin(), report.runs->last.end())}};
  }
  return out;
}

// Members of an object; what is missing or of another type reads as zero, so that reports of other builds stay
// readable.
const json::value* member(const json::object& object, std::string_view name) { return object.if_contains(name); }

uint64_t number(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_number()) return 0;
  json::error_code error;
  const auto n = value->to_number<uint64_t>(error);
  return error ? 0 : n;
}

std::string_view text(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  const json::string* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string_view() : std::string_view(string->data(), string->size());
}

bool is_true(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Timestamp time(const json::object& object, std::string_view name) {
  return parse_time(text(object, name)).value_or(Timestamp{});
}

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

RowsDropped read_reasons(const json::object& object, std::string_view name) {
  RowsDropped rows{};
  const json::object* dropped = object_member(object, name);
  if (dropped == nullptr) return rows;
  for (size_t i = 0; i < flow::kDropReasonCount; ++i) rows[i] = number(*dropped, flow::kDropReasons[i]);
  return rows;
}

void read_outlets(const json::object& object, std::span<const std::string> outlets, ExporterLedger& ledger) {
  for (size_t i = 1; i < outlets.size(); ++i) {
    const json::object* tables = object_member(object, outlets[i]);
    if (tables == nullptr) continue;
    for (const flow::Table table : flow::kDecodedTables) {
      const json::object* rows = object_member(*tables, flow::name(table));
      if (rows != nullptr) ledger.outlet(i)[table] = {number(*rows, "stored"), read_reasons(*rows, "dropped")};
    }
  }
}

ExporterLedger read_counters(const json::object& object, std::span<const std::string> outlets) {
  ExporterLedger ledger;
  for (const NamedCounter& counter : kCounters) ledger.counters.*counter.member = number(object, counter.name);
  for (const flow::Table table : flow::kDecodedTables) {
    const TableMembers members = members_of(table);
    ledger.counters.rows[table] = number(object, members.decoded);
    ledger.rows(table) = {number(object, members.stored), read_reasons(object, members.dropped)};
  }
  if (const json::object* others = object_member(object, "outlets")) read_outlets(*others, outlets, ledger);
  if (const json::object* anomalies = object_member(object, "anomalies")) {
    for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
      const auto anomaly = static_cast<flow::Anomaly>(i);
      ledger.counters.anomalies.add(anomaly, number(*anomalies, name(anomaly)));
    }
  }
  for (const NamedSummary& counter : kStreamSummary) {
    ledger.counters.streams.*counter.member = number(object, counter.name);
  }
  ledger.counters.sampling_rate = static_cast<uint32_t>(number(object, "sampling_rate"));
  ledger.counters.first_seen = time(object, "first_seen");
  ledger.counters.last_seen = time(object, "last_seen");
  const json::value* protocols = member(object, "protocols");
  if (protocols == nullptr || !protocols->is_array()) return ledger;
  for (const json::value& protocol : protocols->get_array()) {
    for (uint8_t bit = 0; bit < kProtocolBits; ++bit) {
      if (protocol.is_string() && protocol.get_string() == name(static_cast<flow::FlowType>(bit))) {
        ledger.counters.protocols |= uint32_t{1} << bit;
      }
    }
  }
  return ledger;
}

StreamCounters read_streams(const json::object& object) {
  StreamCounters streams;
  for (const NamedStreamCounter& counter : kStreamCounters) streams.*counter.member = number(object, counter.name);
  if (const json::object* refused = object_member(object, "refused")) {
    for (size_t i = 0; i < kStreamRefusals.size(); ++i) streams.refused[i] = number(*refused, kStreamRefusals[i]);
  }
  if (const json::object* closed = object_member(object, "closed")) {
    for (size_t i = 0; i < kStreamCloses.size(); ++i) streams.closed[i] = number(*closed, kStreamCloses[i]);
  }
  return streams;
}

StateReport read_state(const json::object& object) {
  StateReport state;
  if (const json::object* file = object_member(object, "state_file")) {
    state.file.emplace();
    for (const NamedFileCounter& counter : kFileCounters) *state.file.*counter.member = number(*file, counter.name);
    state.file->last_error = text(*file, "last_error");
  }
  if (const json::object* sharing = object_member(object, "redis")) {
    state.sharing.emplace();
    state.sharing->connected = is_true(*sharing, "connected");
    for (const NamedSharingCounter& counter : kSharingCounters) {
      *state.sharing.*counter.member = number(*sharing, counter.name);
    }
    state.sharing->last_error = text(*sharing, "last_error");
  }
  return state;
}

RecentCounts read_recent(const json::object& object) {
  RecentCounts counts;
  for (const NamedRecent& counter : kRecentCounts) counts.*counter.member = number(object, counter.name);
  return counts;
}

void read_head(const json::object& root, LedgerReport& report) {
  report.program = text(root, "program");
  report.pid = static_cast<int64_t>(number(root, "pid"));
  report.run = text(root, "run");
  report.boot = text(root, "boot");
  report.started = time(root, "started");
  report.written = time(root, "written");
  report.interval = std::chrono::milliseconds(std::min<uint64_t>(number(root, "interval_ms"), INT32_MAX));
  report.finished = is_true(root, "finished");
  if (const json::object* total = object_member(root, "last_interval")) {
    const json::value* seconds = member(root, "last_interval_s");
    const bool known = seconds != nullptr && seconds->is_number();
    report.recent.emplace(Recent{.seconds = known ? seconds->to_number<double>() : 0, .total = read_recent(*total)});
  }
  if (const json::object* runs = object_member(root, "runs")) {
    report.runs.emplace(RunsSummedUp{.count = number(*runs, "count")});
    const json::value* last = member(*runs, "last");
    if (last == nullptr || !last->is_array()) return;
    for (const json::value& run : last->get_array()) {
      if (run.is_string()) report.runs->last.emplace_back(run.get_string());
    }
  }
}

// False if one of them cannot be.
bool read_exporters(const json::array& exporters, LedgerReport& report) {
  for (const json::value& exporter : exporters) {
    const json::object* object = exporter.if_object();
    const auto address = object == nullptr ? std::nullopt : IpAddress::parse(text(*object, "exporter"));
    if (!address) return false;
    report.ledger.exporters[*address] += read_counters(*object, report.ledger.outlets);
    const json::object* recent = object_member(*object, "last_interval");
    if (report.recent && recent != nullptr) report.recent->exporters[*address] = read_recent(*recent);
  }
  return true;
}

uint64_t grown(uint64_t before, uint64_t now) { return now - std::min(before, now); }

// One exporter after the other, and never the whole text: it is tens of MiB where very many are forged.
Result<> write_ledger_json(const LedgerReport& report, const store::TextOut& out) {
  constexpr size_t kPiece = size_t{64} << 10;
  json::object head = head_object(report);
  head["socket_drops"] = report.ledger.socket_drops;
  head["socket_left"] = report.ledger.socket_left;
  head["streams"] = streams_object(report.ledger.streams);
  const std::span<const std::string> outlets = report.ledger.outlets;
  head["outlets"] = json::array(outlets.begin(), outlets.end());
  head["total"] = counters_object(report.ledger.total, outlets);
  head["store"] = store_object(report.store);
  head["templates"] = state_object(report.state);
  std::string text = json::serialize(head);
  text.back() = ',';
  if (!report.places.empty()) text += "\"places\":" + places_to_json(report.places) + ",";
  text += "\"exporters\":[";
  bool first = true;
  for (const auto& [address, ledger] : report.ledger.exporters) {
    json::object exporter{{"exporter", address.to_string()}};
    for (auto& [key, value] : counters_object(ledger, outlets)) exporter[key] = std::move(value);
    if (report.recent) {
      const auto recent = report.recent->exporters.find(address);
      if (recent != report.recent->exporters.end()) exporter["last_interval"] = recent_object(recent->second);
    }
    if (!std::exchange(first, false)) text += ',';
    text += json::serialize(exporter);
    if (text.size() < kPiece) continue;
    TRY(out(text));
    text.clear();
  }
  text += "]}\n";
  return out(text);
}

}  // namespace

RecentCounts recent_counts(const ExporterLedger& before, const ExporterLedger& now) {
  const flow::RowCounts& rows = now.rows(flow::Table::flows);
  const flow::RowCounts& rows_before = before.rows(flow::Table::flows);
  return {.datagrams = grown(before.counters.datagrams_received, now.counters.datagrams_received),
          .bytes = grown(before.counters.bytes_received, now.counters.bytes_received),
          .rejected = grown(before.counters.datagrams_rejected, now.counters.datagrams_rejected),
          .flows = grown(before.counters.rows[flow::Table::flows], now.counters.rows[flow::Table::flows]),
          .stored = grown(rows_before.stored, rows.stored),
          .dropped = grown(rows_before.dropped_in_all(), rows.dropped_in_all()),
          .lost = grown(before.counters.lost_units, now.counters.lost_units)};
}

Recent recent(const flow::LedgerSnapshot& before, const flow::LedgerSnapshot& now, double seconds) {
  static const ExporterLedger kNothing;
  Recent recent{.seconds = seconds, .total = recent_counts(before.total, now.total)};
  for (const auto& [address, ledger] : now.exporters) {
    if (address == IpAddress{}) continue;  // what others had counted moves there
    const auto known = before.exporters.find(address);
    const RecentCounts counts = recent_counts(known == before.exporters.end() ? kNothing : known->second, ledger);
    if (counts != RecentCounts{}) recent.exporters.emplace(address, counts);
  }
  return recent;
}

store::TextSource ledger_source(const LedgerReport& report) {
  return [&report](const store::TextOut& out) { return write_ledger_json(report, out); };
}

Result<LedgerReport> ledger_from_json(std::string_view content) {
  json::error_code error;
  const json::value document = json::parse(json::string_view(content.data(), content.size()), error);
  if (error) return fail("not JSON: {}", error.message());
  const json::object* root = document.if_object();
  if (root == nullptr || number(*root, "version") == 0) return fail("this is not a ledger");
  if (number(*root, "version") > kVersion) return fail("written by a later version of weir");
  LedgerReport report;
  read_head(*root, report);
  report.ledger.socket_drops = number(*root, "socket_drops");
  report.ledger.socket_left = number(*root, "socket_left");
  if (const json::object* streams = object_member(*root, "streams")) report.ledger.streams = read_streams(*streams);
  if (const json::object* store = object_member(*root, "store")) {
    for (const NamedStoreCounter& counter : kStoreCounters) report.store.*counter.member = number(*store, counter.name);
    report.store.last_error = text(*store, "last_error");
  }
  if (const json::object* state = object_member(*root, "templates")) report.state = read_state(*state);
  if (const json::value* outlets = member(*root, "outlets"); outlets != nullptr && outlets->is_array()) {
    for (const json::value& outlet : outlets->get_array()) {
      if (!outlet.is_string()) return fail("an outlet without a name");
      report.ledger.outlets.emplace_back(outlet.get_string());
    }
  }
  if (const json::value* places = member(*root, "places")) report.places = places_from_json(*places);
  const json::value* exporters = member(*root, "exporters");
  if (exporters == nullptr || !exporters->is_array()) return report;
  if (!read_exporters(exporters->get_array(), report)) return fail("an exporter without an address");
  for (const auto& [address, ledger] : report.ledger.exporters) report.ledger.total += ledger;
  return report;
}

}  // namespace weir::pipeline
