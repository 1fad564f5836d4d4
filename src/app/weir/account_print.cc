#include "app/weir/account_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/terminal_text.h"
#include "flow/flow_type.h"

namespace weir::app {
namespace {

using pipeline::AccountOf;
using pipeline::RecentCounts;
using pipeline::StoreAccount;
using query::Value;

struct Column {
  std::string_view name;
  bool number;
  In in;
  Value (*value)(const flow::ExporterLedger&, Shape);
};

std::string protocols_of(const flow::ExporterCounters& counters) {
  std::string out;
  for (uint8_t bit = 0; bit < 32; ++bit) {
    if ((counters.protocols >> bit & 1) == 0) continue;
    if (!out.empty()) out += ", ";
    out += name(static_cast<flow::FlowType>(bit));
  }
  return out;
}

// "sequence_gap 3, trailing_bytes 1"
std::string anomalies_of(const flow::ExporterCounters& counters) {
  std::string out;
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (counters.anomalies[anomaly] == 0) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", name(anomaly), counters.anomalies[anomaly]);
  }
  return out;
}

Value time_value(Timestamp t) { return t == Timestamp{} ? Value() : Value(t); }

using flow::Table;

uint64_t dropped(const flow::ExporterLedger& e, flow::DropReason reason) { return e.rows(Table::flows)[reason]; }

Value lost(const flow::ExporterCounters& counters, Shape shape) {
  return lost(counters.streams.loss_known(), counters.lost_units, shape);
}

// While no collector ran. After one was killed a part of it may be stored; of some streams it is not known.
Value lost_down(const flow::ExporterCounters& counters, Shape shape) {
  if (shape == Shape::file) return counters.lost_down_units;
  const uint64_t most = counters.lost_down_units + counters.lost_killed_units;
  if (counters.lost_down_unknown > 0) {
    return counters.lost_down_units > 0 ? fmt::format(">= {}", counters.lost_down_units) : std::string("unknown");
  }
  if (counters.lost_killed_units > 0) return fmt::format("<= {}", most);
  return most;
}

constexpr Column kColumns[] = {
    {"protocols", false, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return protocols_of(e.counters); }},
    {"datagrams", true, In::all,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.datagrams_received; }},
    {"bytes_received", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.bytes_received; }},
    {"rejected", true, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.datagrams_rejected; }},
    {"flows", true, In::all,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.rows[Table::flows]; }},
    {"stored", true, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.rows(Table::flows).stored; }},
    {"dropped", true, In::all,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.rows(Table::flows).dropped_in_all(); }},
    {"dropped_queue_full", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return dropped(e, flow::DropReason::queue_full); }},
    {"dropped_store_failed", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return dropped(e, flow::DropReason::store_failed); }},
    {"dropped_shutdown", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return dropped(e, flow::DropReason::shutdown); }},
    {"lost", true, In::all, [](const flow::ExporterLedger& e, Shape shape) { return lost(e.counters, shape); }},
    {"loss_known", false, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value {
       return std::string(flow::name(e.counters.streams.loss_known()));
     }},
    {"lost_counted", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.lost_units; }},
    {"lost_down", true, In::wide,
     [](const flow::ExporterLedger& e, Shape shape) { return lost_down(e.counters, shape); }},
    {"lost_killed", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.lost_killed_units; }},
    {"lost_down_unknown_streams", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.lost_down_unknown; }},
    {"streams", true, In::all,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.streams.streams; }},
    {"clocks", true, In::wide, [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.streams.clocks; }},
    {"loss_unknown_streams", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.streams.loss_unknown; }},
    {"loss_in_part_streams", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.streams.loss_in_part; }},
    {"gaps", true, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.anomalies[flow::Anomaly::sequence_gap]; }},
    {"reported_drops", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.agent_drops; }},
    {"counters", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.rows[Table::counters]; }},
    {"counters_stored", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.rows(Table::counters).stored; }},
    {"counters_dropped", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.rows(Table::counters).dropped_in_all(); }},
    {"templates", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.templates_received; }},
    {"option_records", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.option_records; }},
    {"sets_waiting", true, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.early_sets_held; }},
    {"sets_without_template", true, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return e.counters.undecodable_sets; }},
    {"sampling_rate", true, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value {
       return e.counters.sampling_rate == 0 ? Value() : Value(uint64_t{e.counters.sampling_rate});
     }},
    {"anomalies", false, In::all,
     [](const flow::ExporterLedger& e, Shape) -> Value { return anomalies_of(e.counters); }},
    {"first_seen", false, In::files,
     [](const flow::ExporterLedger& e, Shape) -> Value { return time_value(e.counters.first_seen); }},
    {"last_seen", false, In::wide,
     [](const flow::ExporterLedger& e, Shape) -> Value { return time_value(e.counters.last_seen); }},
};

double account_seconds(const StoreAccount& account) {
  return account.current.recent ? account.current.recent->seconds : 0;
}

// A row of exporters: the account of the run, and what else is known.
struct Row {
  const flow::ExporterLedger& run;
  const flow::ExporterLedger& in_all;
  const RecentCounts& recent;
  const StoreAccount& account;

  bool is_running() const { return account.of == AccountOf::running && account.current.recent; }
};

// Null unless it is so now.
Value rate(const Row& row, uint64_t RecentCounts::* count, Shape shape) {
  if (!row.is_running() || account_seconds(row.account) <= 0) return {};
  const double value = static_cast<double>(row.recent.*count) / account_seconds(row.account);
  if (shape == Shape::file) return value;
  return static_cast<uint64_t>(value + 0.5);
}

struct AccountColumn {
  std::string_view name;
  bool number;
  In in;
  Value (*value)(const Row&, Shape);
};

// Now, in all, and how far that can be relied on.
constexpr AccountColumn kAccountColumns[] = {
    {"flows_per_s", true, In::wide, [](const Row& r, Shape shape) { return rate(r, &RecentCounts::flows, shape); }},
    {"datagrams_per_s", true, In::files,
     [](const Row& r, Shape shape) { return rate(r, &RecentCounts::datagrams, shape); }},
    {"bytes_per_s", true, In::files, [](const Row& r, Shape shape) { return rate(r, &RecentCounts::bytes, shape); }},
    {"lost_now", true, In::files,
     [](const Row& r, Shape) -> Value { return r.is_running() ? Value(r.recent.lost) : Value(); }},
    {"datagrams_in_all", true, In::files,
     [](const Row& r, Shape) -> Value { return r.in_all.counters.datagrams_received; }},
    {"flows_in_all", true, In::wide, [](const Row& r, Shape) -> Value { return r.in_all.counters.rows[Table::flows]; }},
    {"stored_in_all", true, In::files, [](const Row& r, Shape) -> Value { return r.in_all.rows(Table::flows).stored; }},
    {"dropped_in_all", true, In::files,
     [](const Row& r, Shape) -> Value { return r.in_all.rows(Table::flows).dropped_in_all(); }},
    {"lost_in_all", true, In::wide, [](const Row& r, Shape shape) { return lost(r.in_all.counters, shape); }},
    {"account", false, In::files, [](const Row& r, Shape) -> Value { return std::string(r.account.state()); }},
    {"account_written", false, In::files,
     [](const Row& r, Shape) -> Value { return time_value(r.account.current.written); }},
};

const flow::ExporterLedger& ledger_of(const flow::LedgerSnapshot& ledger, const IpAddress& exporter) {
  static const flow::ExporterLedger kNothing;
  const auto found = ledger.exporters.find(exporter);
  return found == ledger.exporters.end() ? kNothing : found->second;
}

const RecentCounts& recent_of(const StoreAccount& account, const IpAddress& exporter) {
  static const RecentCounts kNothing;
  if (!account.current.recent) return kNothing;
  const auto found = account.current.recent->exporters.find(exporter);
  return found == account.current.recent->exporters.end() ? kNothing : found->second;
}

// The columns of the run, or of all of them; of the run also what else is known.
class ExporterPrinter {
 public:
  ExporterPrinter(query::RowSink& sink, Shape shape, bool in_all) : sink_(sink), shape_(shape), in_all_(in_all) {}

  Result<> begin() {
    std::vector<query::ResultColumn> columns{{.name = "exporter", .number = false, .whole = true}};
    for (const Column& column : kColumns) {
      if (shows(column.in, shape_)) columns.push_back({std::string(column.name), column.number});
    }
    for (const AccountColumn& column : kAccountColumns) {
      if (!in_all_ && shows(column.in, shape_)) columns.push_back({std::string(column.name), column.number});
    }
    return sink_.begin(columns);
  }
  Result<> print(Value first, const flow::ExporterLedger& ledger, const Row& row) {
    std::vector<Value> values{std::move(first)};
    for (const Column& column : kColumns) {
      // How many there are now, and not how many there were in all.
      const bool now_only = in_all_ && (column.name == "streams" || column.name == "clocks");
      if (shows(column.in, shape_)) values.push_back(now_only ? Value() : column.value(ledger, shape_));
    }
    for (const AccountColumn& column : kAccountColumns) {
      if (!in_all_ && shows(column.in, shape_)) values.push_back(column.value(row, shape_));
    }
    return sink_.row(values);
  }

 private:
  query::RowSink& sink_;
  const Shape shape_;
  const bool in_all_;
};

std::string who(const StoreAccount& account) {
  const pipeline::LedgerReport& report = account.current;
  switch (account.of) {
    case AccountOf::running:
    case AccountOf::stale:
      return fmt::format("weir {} is running (process {})", report.program, report.pid);
    case AccountOf::past:
      break;
  }
  switch (account.end) {
    case pipeline::RunEnd::stopped:
      return fmt::format("weir {} has ended", report.program);
    case pipeline::RunEnd::rebooted:
      return fmt::format("weir {} ended without its last account: the machine was started anew", report.program);
    case pipeline::RunEnd::killed:
    case pipeline::RunEnd::unknown:
      break;
  }
  return fmt::format("weir {} ended without its last account (killed, or a crash?)", report.program);
}

std::string age(const StoreAccount& account) { return to_human(wall_clock_now() - account.current.written); }

}  // namespace

std::string heading(const StoreAccount& account, const std::string& store) {
  const pipeline::LedgerReport& report = account.current;
  std::string text = fmt::format("{}: {}; this is its account of {} ago, since {}\n", terminal_text(store),
                                 terminal_text(who(account)), age(account), to_rfc3339(report.started));
  if (account.of == AccountOf::past && report.finished && !report.ledger.imbalance().empty()) {
    text += fmt::format("it does NOT add up: {}\n", terminal_text(report.ledger.imbalance()));
  }
  return text;
}

std::string warnings(const StoreAccount& account) {
  std::string text;
  if (account.of == AccountOf::stale) {
    text += fmt::format(
        "weir: this account is STALE: it is {} old, and should be written every {}. Is the disk full, or does the "
        "collector hang?\n",
        age(account), to_human(account.current.interval));
  }
  if (account.of == AccountOf::past && account.writer.there) {
    text += fmt::format(
        "weir: this is NOT the account of the process {} that writes to the store now: it has not written its own yet. "
        "Is the disk full?\n",
        account.writer.pid);
  }
  for (const std::string& problem : account.unreadable) {
    text += fmt::format("weir: {}; what is told of all runs is without it\n", terminal_text(problem));
  }
  return text;
}

Result<> print_exporters(query::RowSink& sink, const StoreAccount& account, Shape shape, bool total, bool in_all) {
  ExporterPrinter printer(sink, shape, in_all);
  TRY(printer.begin());
  const flow::LedgerSnapshot& run = account.current.ledger;
  const flow::LedgerSnapshot& all = account.in_all.ledger;
  static const RecentCounts kNothing;
  for (const auto& [address, share] : (in_all ? all : run).exporters) {
    // Exporters that were evicted have their share under no address.
    Value name = address == IpAddress{} ? Value(std::string("(forgotten)")) : Value(address);
    TRY(printer.print(std::move(name), share,
                      {ledger_of(run, address), ledger_of(all, address), recent_of(account, address), account}));
  }
  if (total) {
    const RecentCounts& recent = account.current.recent ? account.current.recent->total : kNothing;
    TRY(printer.print(std::string("total"), (in_all ? all : run).total, {run.total, all.total, recent, account}));
  }
  return sink.end();
}

Result<> print_sums(query::RowSink& sink, const StoreAccount& account, Shape shape) {
  const std::vector<query::ResultColumn> columns{{"of all exporters", false, true},
                                                 {"datagrams", true},
                                                 {"flows", true},
                                                 {"stored", true},
                                                 {"dropped", true},
                                                 {"lost", true}};
  TRY(sink.begin(columns));
  const auto row = [&](std::string name, const flow::ExporterLedger& e) {
    const std::vector<Value> values{std::move(name),
                                    e.counters.datagrams_received,
                                    e.counters.rows[Table::flows],
                                    e.rows(Table::flows).stored,
                                    e.rows(Table::flows).dropped_in_all(),
                                    lost(e.counters, shape)};
    return sink.row(values);
  };
  if (account.of == AccountOf::running && account.current.recent) {
    const RecentCounts& now = account.current.recent->total;
    const std::vector<Value> values{fmt::format("last {:.1f} s", account_seconds(account)),
                                    now.datagrams,
                                    now.flows,
                                    now.stored,
                                    now.dropped,
                                    now.lost};
    TRY(sink.row(values));
  }
  TRY(row(account.of == AccountOf::past ? "last run" : "since start", account.current.ledger.total));
  TRY(row(fmt::format("in all ({} runs)", account.in_all.runs ? account.in_all.runs->count : 1),
          account.in_all.ledger.total));
  return sink.end();
}

Result<> print_runs(query::RowSink& sink, const StoreAccount& account, Shape shape) {
  const std::vector<query::ResultColumn> all{{"run", false, true},   {"program", false}, {"started", false, true},
                                             {"ended", false, true}, {"end", false},     {"datagrams", true},
                                             {"rejected", true},     {"flows", true},    {"stored", true},
                                             {"dropped", true},      {"waiting", true},  {"lost", true}};
  const auto is_narrow = [&](std::string_view name) { return name != "program" && name != "rejected"; };
  const auto shown = [&](std::string_view name) {
    if (shape == Shape::file) return true;
    return name != "run" && (shape == Shape::wide || is_narrow(name));
  };
  std::vector<query::ResultColumn> columns;
  std::ranges::copy_if(all, std::back_inserter(columns), [&](const auto& column) { return shown(column.name); });
  TRY(sink.begin(columns));
  const auto short_time = [&](Timestamp t) -> Value {
    if (shape == Shape::file || t == Timestamp{}) return time_value(t);
    constexpr size_t kSecond = 19;  // of 2026-12-01T10:22:33.000000Z
    std::string text = to_rfc3339(t).substr(0, kSecond);
    text[10] = ' ';
    return text;
  };
  const auto row = [&](const pipeline::LedgerReport& report, std::string id, std::string_view end) {
    const flow::ExporterLedger& e = report.ledger.total;
    const bool running = end == "running" || end == "stale";
    const std::vector<Value> whole{std::move(id),
                                   report.program,
                                   short_time(report.started),
                                   running ? Value() : short_time(report.written),
                                   std::string(end),
                                   e.counters.datagrams_received,
                                   e.counters.datagrams_rejected,
                                   e.counters.rows[Table::flows],
                                   e.rows(Table::flows).stored,
                                   e.rows(Table::flows).dropped_in_all(),
                                   e.in_flight(0, Table::flows),
                                   lost(e.counters, shape)};
    std::vector<Value> values;
    for (size_t i = 0; i < all.size(); ++i) {
      if (shown(all[i].name)) values.push_back(whole[i]);
    }
    return sink.row(values);
  };
  if (account.older) {
    const uint64_t count = account.older->runs ? account.older->runs->count : 0;
    TRY(row(*account.older, "", fmt::format("{} runs", count)));
  }
  for (const StoreAccount::Run& run : account.runs) TRY(row(run.report, run.report.run, pipeline::name(run.end)));
  TRY(row(account.current, account.current.run, account.state()));
  return sink.end();
}

}  // namespace weir::app
