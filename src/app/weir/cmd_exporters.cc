// weir exporters: for each exporter, what became of what it sent.
#include <fmt/format.h>

#include <memory>

#include "app/weir/commands.h"
#include "app/weir/default_store.h"
#include "app/weir/query_options.h"
#include "base/terminal_text.h"
#include "flow/flow_type.h"
#include "pipeline/details.h"
#include "pipeline/ledger_file.h"
#include "pipeline/stream_list.h"
#include "query/printer.h"

namespace weir::app {
namespace {

struct Options {
  std::string store = default_store();
  std::string output = "table";
  bool total = false;
  bool details = false;
  bool streams = false;
  bool spreadsheet = false;
};

// On a screen that is narrower a table has its most important columns only.
constexpr size_t kWideScreen = 120;
// Where columns are shown: in every table, in those of wide screens, or for programs only.
enum class In : uint8_t { all, wide, files };
enum class Shape : uint8_t { narrow, wide, file };
bool shows(In in, Shape shape) {
  return in == In::all || shape == Shape::file || (in == In::wide && shape == Shape::wide);
}

Shape shape_of(query::Format format) {
  if (format != query::Format::table) return Shape::file;
  const size_t width = query::screen_of(stdout).width;
  return width > 0 && width < kWideScreen ? Shape::narrow : Shape::wide;
}

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

// A number only as far as it is one: nobody looks for a fault where none was seen.
Value lost(flow::LossKnown known, uint64_t units, Shape shape) {
  if (known == flow::LossKnown::none) return shape == Shape::file ? Value() : Value(std::string("unknown"));
  if (known == flow::LossKnown::part && shape != Shape::file) return fmt::format(">= {}", units);
  return units;
}

Value lost(const flow::ExporterCounters& counters, Shape shape) {
  return lost(counters.streams.loss_known(), counters.lost_units, shape);
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

Result<> print_row(query::RowSink& sink, Value first, const flow::ExporterLedger& ledger, Shape shape) {
  std::vector<Value> values{std::move(first)};
  for (const Column& column : kColumns) {
    if (shows(column.in, shape)) values.push_back(column.value(ledger, shape));
  }
  return sink.row(values);
}

// The addresses in order, then the total.
Result<> print(query::RowSink& sink, const flow::LedgerSnapshot& ledger, Shape shape, bool total) {
  std::vector<query::ResultColumn> columns{{.name = "exporter", .number = false, .whole = true}};
  for (const Column& column : kColumns) {
    if (shows(column.in, shape)) columns.push_back({std::string(column.name), column.number});
  }
  if (Result<> begun = sink.begin(columns); !begun) return begun;
  for (const auto& [address, share] : ledger.exporters) {
    // Exporters that were evicted have their share under no address.
    Value name = address == IpAddress{} ? Value(std::string("(forgotten)")) : Value(address);
    if (Result<> printed = print_row(sink, std::move(name), share, shape); !printed) return printed;
  }
  if (total) {
    if (Result<> printed = print_row(sink, std::string("total"), ledger.total, shape); !printed) return printed;
  }
  return sink.end();
}

void print_heading(const pipeline::LedgerReport& report, bool running, const std::string& store) {
  const std::string age = to_human(wall_clock_now() - report.written);
  const std::string who = running ? fmt::format("weir {} is running (process {})", report.program, report.pid)
                          : report.finished
                              ? fmt::format("weir {} has ended", report.program)
                              : fmt::format("weir {} ended without its last account (a crash?)", report.program);
  fmt::print("{}: {}; this is its account of {} ago, since {}\n", terminal_text(store), terminal_text(who), age,
             to_rfc3339(report.started));
  if (!running && report.finished && !report.ledger.imbalance().empty()) {
    fmt::print("it does NOT add up: {}\n", terminal_text(report.ledger.imbalance()));
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
  if (!report) return complain(report.error().message, 1);
  const auto format = format_of(options.output, options.spreadsheet);
  if (!format) return complain(format.error().message, 2);
  if (report->details.empty() && format == query::Format::table) {
    fmt::print("no exporter has told anything in options records\n");
    return 0;
  }
  query::Output output(stdout);
  const auto sink = query::make_printer(*format, output, query::screen_of(stdout));
  Result<> printed = print_details(*sink, *report);
  if (printed) printed = output.flush();
  if (!printed) return complain(printed.error().message, 1);
  if (report->left_out > 0) fmt::print(stderr, "{} more are not in the store's account\n", report->left_out);
  return 0;
}

// To the minute where there is little room.
Value boot_time(const std::optional<Timestamp>& booted, Shape shape) {
  if (!booted) return {};
  if (shape == Shape::file) return *booted;
  constexpr size_t kYear = 5;  // of 2026-12-01T10:22:33.000000Z
  constexpr size_t kMinute = 16;
  constexpr size_t kSecond = 19;
  std::string text = to_rfc3339(*booted);
  text[10] = ' ';
  return shape == Shape::narrow ? text.substr(kYear, kMinute - kYear) : text.substr(0, kSecond);
}

std::string remarks_on(const pipeline::ListedStream& stream) {
  std::string text;
  const auto add = [&](bool holds, std::string_view remark) {
    if (holds) text += fmt::format("{}{}", text.empty() ? "" : ", ", remark);
  };
  add(!stream.sure, "may be another's");
  add(stream.replaced, "replaced");
  add(stream.shares_port, "port shared");
  return text;
}

Value text_value(std::string_view text) { return text.empty() ? Value() : Value(std::string(text)); }

struct StreamColumn {
  std::string_view name;
  bool number;
  In in;
  Value (*value)(const pipeline::ListedStream&, Shape);
  bool whole = false;
};

constexpr StreamColumn kStreamColumns[] = {
    {"exporter", false, In::all, [](const pipeline::ListedStream& s, Shape) -> Value { return s.exporter; }, true},
    {"protocol", false, In::all, [](const pipeline::ListedStream& s, Shape) -> Value { return s.protocol; }, true},
    {"agent", false, In::files, [](const pipeline::ListedStream& s, Shape) { return text_value(s.agent); }},
    {"domain", true, In::all, [](const pipeline::ListedStream& s, Shape) -> Value { return uint64_t{s.domain}; }},
    {"port", true, In::all, [](const pipeline::ListedStream& s, Shape) -> Value { return uint64_t{s.port}; }},
    {"tcp", false, In::files, [](const pipeline::ListedStream& s, Shape) -> Value { return s.tcp; }},
    {"booted", false, In::all, [](const pipeline::ListedStream& s, Shape shape) { return boot_time(s.booted, shape); },
     true},
    {"boots", true, In::files, [](const pipeline::ListedStream& s, Shape) -> Value { return uint64_t{s.boots}; }},
    {"messages", true, In::all, [](const pipeline::ListedStream& s, Shape) -> Value { return s.messages; }},
    {"lost", true, In::all,
     [](const pipeline::ListedStream& s, Shape shape) {
       const auto known = !s.lost                 ? flow::LossKnown::none
                          : s.loss_known == "all" ? flow::LossKnown::all
                                                  : flow::LossKnown::part;
       return lost(known, s.lost.value_or(0), shape);
     }},
    {"loss_known", false, In::files, [](const pipeline::ListedStream& s, Shape) { return text_value(s.loss_known); }},
    {"doubt", false, In::all, [](const pipeline::ListedStream& s, Shape) { return text_value(s.doubt); }},
    {"templates", true, In::wide, [](const pipeline::ListedStream& s, Shape) -> Value { return s.templates; }},
    {"first_heard", false, In::files, [](const pipeline::ListedStream& s, Shape) { return time_value(s.first_heard); }},
    {"last_heard", false, In::wide, [](const pipeline::ListedStream& s, Shape) { return time_value(s.last_heard); }},
    {"sure", false, In::files, [](const pipeline::ListedStream& s, Shape) -> Value { return s.sure; }},
    {"replaced", false, In::files, [](const pipeline::ListedStream& s, Shape) -> Value { return s.replaced; }},
    {"shares_port", false, In::files, [](const pipeline::ListedStream& s, Shape) -> Value { return s.shares_port; }},
    {"remarks", false, In::wide, [](const pipeline::ListedStream& s, Shape) { return text_value(remarks_on(s)); }},
};

Result<> print_streams(query::RowSink& sink, const pipeline::StreamList& list, Shape shape) {
  std::vector<query::ResultColumn> columns;
  for (const StreamColumn& column : kStreamColumns) {
    if (shows(column.in, shape)) columns.push_back({std::string(column.name), column.number, column.whole});
  }
  if (Result<> begun = sink.begin(columns); !begun) return begun;
  for (const pipeline::ListedStream& stream : list.streams) {
    std::vector<Value> values;
    for (const StreamColumn& column : kStreamColumns) {
      if (shows(column.in, shape)) values.push_back(column.value(stream, shape));
    }
    if (Result<> printed = sink.row(values); !printed) return printed;
  }
  return sink.end();
}

// Whom the streams behind the addresses are of.
int streams(const Options& options) {
  const auto list = pipeline::read_streams(options.store);
  if (!list) return complain(list.error().message, 1);
  const auto format = format_of(options.output, options.spreadsheet);
  if (!format) return complain(format.error().message, 2);
  query::Output output(stdout);
  const auto sink = query::make_printer(*format, output, query::screen_of(stdout));
  Result<> printed = print_streams(*sink, *list, shape_of(*format));
  if (printed) printed = output.flush();
  if (!printed) return complain(printed.error().message, 1);
  if (list->left_out > 0) fmt::print(stderr, "{} more are not in the store's account\n", list->left_out);
  return 0;
}

int exporters(const Options& options) {
  const auto report = pipeline::read_ledger(options.store);
  if (!report) return complain(report.error().message, 1);
  if (options.details) return details(options);
  if (options.streams) return streams(options);
  const auto format = format_of(options.output, options.spreadsheet);
  if (!format) return complain(format.error().message, 2);
  const bool table = format == query::Format::table;
  if (table) print_heading(*report, pipeline::store_is_in_use(options.store), options.store);
  std::fflush(stdout);
  query::Output output(stdout);
  const auto sink = query::make_printer(*format, output, query::screen_of(stdout));
  Result<> printed = print(*sink, report->ledger, shape_of(*format), table || options.total);
  if (printed) printed = output.flush();
  if (!printed) return complain(printed.error().message, 1);
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
  command->add_option("--store", options->store, "Folder that a collector writes to")->default_str(kDefaultStoreText);
  command->add_option("-o,--output", options->output, "table, json, ndjson or csv")
      ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}));
  add_spreadsheet_option(*command, options->spreadsheet);
  command->add_flag("--total", options->total,
                    "A last row with the total also in json, ndjson and csv (exporter is \"total\")");
  CLI::Option* const streams_flag =
      command->add_flag("--streams", options->streams,
                        "The streams of exporters instead, one for each device, port and observation domain: when it "
                        "was started, and how sure its loss is");
  command
      ->add_flag("--details", options->details,
                 "What exporters tell about themselves instead: sampling rates, names of interfaces, VRFs, samplers "
                 "and applications")
      ->excludes(streams_flag);
  command->footer(
      "lost: datagrams (NetFlow v9) or records (v5, IPFIX) missing from the exporter's own sequence numbers. unknown:\n"
      "these do not go on as they should; >= 7: some of its streams do, others do not (see --streams).\n"
      "streams, clocks: of devices and their parts that share the address; clocks are their boots, as uptimes tell.\n"
      "doubt: too_few messages yet; erratic or no numbers; data that cannot be counted as their template is missing\n"
      "(uncounted), now and then (holes); unclear: it may be one with another stream.\n"
      "reported_drops: packets that the exporter says it could not sample (sFlow); counters: rows of that table.\n"
      "sets_without_template: data that could not be decoded, as its template never came.");
  command->callback([options, &run] { run = [options] { return exporters(*options); }; });
}

}  // namespace weir::app
