// weir exporters: for each exporter, what became of what it sent.
#include <fmt/format.h>

#include <memory>

#include "app/weir/commands.h"
#include "flow/flow_type.h"
#include "pipeline/details.h"
#include "pipeline/ledger_file.h"
#include "query/printer.h"

namespace weir::app {
namespace {

struct Options {
  std::string store = "weir-data";
  std::string output = "table";
  bool total = false;
  bool details = false;
};

using query::Value;

struct Column {
  std::string_view name;
  bool number;
  bool in_table;  // the table has no room for all
  Value (*value)(const flow::ExporterLedger&);
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

constexpr Column kColumns[] = {
    {"protocols", false, true, [](const flow::ExporterLedger& e) -> Value { return protocols_of(e.counters); }},
    {"datagrams", true, true, [](const flow::ExporterLedger& e) -> Value { return e.counters.datagrams_received; }},
    {"bytes_received", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.bytes_received; }},
    {"rejected", true, true, [](const flow::ExporterLedger& e) -> Value { return e.counters.datagrams_rejected; }},
    {"flows", true, true, [](const flow::ExporterLedger& e) -> Value { return e.counters.rows[Table::flows]; }},
    {"stored", true, true, [](const flow::ExporterLedger& e) -> Value { return e.rows(Table::flows).stored; }},
    {"dropped", true, true,
     [](const flow::ExporterLedger& e) -> Value { return e.rows(Table::flows).dropped_in_all(); }},
    {"dropped_queue_full", true, false,
     [](const flow::ExporterLedger& e) -> Value { return dropped(e, flow::DropReason::queue_full); }},
    {"dropped_store_failed", true, false,
     [](const flow::ExporterLedger& e) -> Value { return dropped(e, flow::DropReason::store_failed); }},
    {"dropped_shutdown", true, false,
     [](const flow::ExporterLedger& e) -> Value { return dropped(e, flow::DropReason::shutdown); }},
    {"lost", true, true, [](const flow::ExporterLedger& e) -> Value { return e.counters.lost_units; }},
    {"gaps", true, true,
     [](const flow::ExporterLedger& e) -> Value { return e.counters.anomalies[flow::Anomaly::sequence_gap]; }},
    {"reported_drops", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.agent_drops; }},
    {"counters", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.rows[Table::counters]; }},
    {"counters_stored", true, false,
     [](const flow::ExporterLedger& e) -> Value { return e.rows(Table::counters).stored; }},
    {"counters_dropped", true, false,
     [](const flow::ExporterLedger& e) -> Value { return e.rows(Table::counters).dropped_in_all(); }},
    {"templates", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.templates_received; }},
    {"option_records", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.option_records; }},
    {"sets_waiting", true, false, [](const flow::ExporterLedger& e) -> Value { return e.counters.early_sets_held; }},
    {"sets_without_template", true, true,
     [](const flow::ExporterLedger& e) -> Value { return e.counters.undecodable_sets; }},
    {"sampling_rate", true, true,
     [](const flow::ExporterLedger& e) -> Value {
       return e.counters.sampling_rate == 0 ? Value() : Value(uint64_t{e.counters.sampling_rate});
     }},
    {"anomalies", false, true, [](const flow::ExporterLedger& e) -> Value { return anomalies_of(e.counters); }},
    {"first_seen", false, false,
     [](const flow::ExporterLedger& e) -> Value { return time_value(e.counters.first_seen); }},
    {"last_seen", false, true, [](const flow::ExporterLedger& e) -> Value { return time_value(e.counters.last_seen); }},
};

Result<> print_row(query::RowSink& sink, Value first, const flow::ExporterLedger& ledger, bool table) {
  std::vector<Value> values{std::move(first)};
  for (const Column& column : kColumns) {
    if (column.in_table || !table) values.push_back(column.value(ledger));
  }
  return sink.row(values);
}

// The addresses in order, then the total.
Result<> print(query::RowSink& sink, const flow::LedgerSnapshot& ledger, bool table, bool total) {
  std::vector<query::ResultColumn> columns{{"exporter", false}};
  for (const Column& column : kColumns) {
    if (column.in_table || !table) columns.push_back({std::string(column.name), column.number});
  }
  if (Result<> begun = sink.begin(columns); !begun) return begun;
  for (const auto& [address, share] : ledger.exporters) {
    // Exporters that were evicted have their share under no address.
    Value name = address == IpAddress{} ? Value(std::string("(forgotten)")) : Value(address);
    if (Result<> printed = print_row(sink, std::move(name), share, table); !printed) return printed;
  }
  if (total) {
    if (Result<> printed = print_row(sink, std::string("total"), ledger.total, table); !printed) return printed;
  }
  return sink.end();
}

void print_heading(const pipeline::LedgerReport& report, bool running, const std::string& store) {
  const std::string age = to_human(wall_clock_now() - report.written);
  const std::string who = running ? fmt::format("weir {} is running (process {})", report.program, report.pid)
                          : report.finished
                              ? fmt::format("weir {} has ended", report.program)
                              : fmt::format("weir {} ended without its last account (a crash?)", report.program);
  fmt::print("{}: {}; this is its account of {} ago, since {}\n", store, who, age, to_rfc3339(report.started));
  if (!running && report.finished && !report.ledger.imbalance().empty()) {
    fmt::print("it does NOT add up: {}\n", report.ledger.imbalance());
  }
}

Result<> print_details(query::RowSink& sink, const pipeline::DetailsReport& report) {
  const std::vector<query::ResultColumn> columns{
      {"exporter", false}, {"protocol", false}, {"observation_domain_id", true}, {"kind", false},
      {"id", false},       {"name", false},     {"description", false},          {"sampling_rate", true}};
  if (Result<> begun = sink.begin(columns); !begun) return begun;
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  for (const pipeline::ExporterDetail& detail : report.details) {
    const std::vector<Value> values{
        detail.exporter,          text(detail.protocol),
        uint64_t{detail.domain},  text(detail.kind),
        text(detail.id),          text(detail.name),
        text(detail.description), detail.sampling_rate == 0 ? Value() : Value(uint64_t{detail.sampling_rate})};
    if (Result<> printed = sink.row(values); !printed) return printed;
  }
  return sink.end();
}

// What exporters tell about themselves in options records.
int details(const Options& options) {
  const auto report = pipeline::read_details(options.store);
  if (!report) {
    fmt::print(stderr, "weir: {}\n", report.error().message);
    return 1;
  }
  const auto format = query::parse_format(options.output);
  if (report->details.empty() && format == query::Format::table) {
    fmt::print("no exporter has told anything in options records\n");
    return 0;
  }
  query::Output output(stdout);
  const auto sink = query::make_printer(*format, output, query::screen_of(stdout));
  Result<> printed = print_details(*sink, *report);
  if (printed) printed = output.flush();
  if (!printed) {
    fmt::print(stderr, "weir: {}\n", printed.error().message);
    return 1;
  }
  if (report->left_out > 0) fmt::print(stderr, "{} more are not in the store's account\n", report->left_out);
  return 0;
}

int exporters(const Options& options) {
  const auto report = pipeline::read_ledger(options.store);
  if (!report) {
    fmt::print(stderr, "weir: {}\n", report.error().message);
    return 1;
  }
  if (options.details) return details(options);
  const auto format = query::parse_format(options.output);
  const bool table = format == query::Format::table;
  if (table) print_heading(*report, pipeline::store_is_in_use(options.store), options.store);
  std::fflush(stdout);
  query::Output output(stdout);
  const auto sink = query::make_printer(*format, output, query::screen_of(stdout));
  Result<> printed = print(*sink, report->ledger, table, table || options.total);
  if (printed) printed = output.flush();
  if (!printed) {
    fmt::print(stderr, "weir: {}\n", printed.error().message);
    return 1;
  }
  if (table && report->ledger.socket_drops > 0) {
    fmt::print("the kernel dropped {} datagrams before anybody saw whose they were\n", report->ledger.socket_drops);
  }
  if (table && report->ledger.socket_left > 0) {
    fmt::print("{} datagrams were left in the sockets at the end\n", report->ledger.socket_left);
  }
  return 0;
}

}  // namespace

void add_exporters(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("exporters", "Show who exports, and what became of everything that was sent");
  auto options = std::make_shared<Options>();
  command->add_option("--store", options->store, "Folder of the store (default: weir-data)");
  command->add_option("-o,--output", options->output, "table, json, ndjson or csv")
      ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}));
  command->add_flag("--total", options->total,
                    "A last row with the total also in json, ndjson and csv (exporter is \"total\")");
  command->add_flag("--details", options->details,
                    "What exporters tell about themselves instead: sampling rates, names of interfaces, VRFs, samplers "
                    "and applications");
  command->footer(
      "lost: datagrams (NetFlow v9) or records (v5, IPFIX) missing from the exporter's own sequence numbers.\n"
      "reported_drops: packets that the exporter says it could not sample (sFlow); counters: rows of that table.\n"
      "sets_without_template: data that could not be decoded, as its template never came.");
  command->callback([options, &run] { run = [options] { return exporters(*options); }; });
}

}  // namespace weir::app
