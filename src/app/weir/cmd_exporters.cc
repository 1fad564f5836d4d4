// weir exporters: for each exporter, what became of what it sent.
#include <fmt/format.h>

#include <memory>

#include "app/weir/account_print.h"
#include "app/weir/commands.h"
#include "app/weir/default_store.h"
#include "app/weir/query_options.h"
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
  bool in_all = false;
  bool runs = false;
};

using query::Value;

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

Value time_value(Timestamp t) { return t == Timestamp{} ? Value() : Value(t); }

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

// What the kernel told of all sockets, behind a table.
void print_sockets(const flow::LedgerSnapshot& ledger) {
  if (ledger.socket_drops > 0) {
    fmt::print("the kernel dropped {} datagrams before anybody saw whose they were\n", ledger.socket_drops);
  }
  if (ledger.socket_left > 0) fmt::print("{} datagrams were left in the sockets at the end\n", ledger.socket_left);
}

Result<> print_account(const pipeline::StoreAccount& account, const Options& options, query::Format format) {
  const bool table = format == query::Format::table;
  const Shape shape = shape_of(format);
  query::Output output(stdout);
  const auto sink = query::make_printer(format, output, query::screen_of(stdout));
  if (options.runs) {
    TRY(print_runs(*sink, account, shape));
    return output.flush();
  }
  TRY(print_exporters(*sink, account, shape, table || options.total, options.in_all));
  if (table) {
    output.buffer() += '\n';
    TRY(print_sums(*query::make_printer(format, output, query::screen_of(stdout)), account, shape));
  }
  return output.flush();
}

int exporters(const Options& options) {
  const auto account = pipeline::read_account(options.store, wall_clock_now());
  if (!account) return complain(account.error().message, 1);
  fmt::print(stderr, "{}", warnings(*account));
  if (options.details) return details(options);
  if (options.streams) return streams(options);
  const auto format = format_of(options.output, options.spreadsheet);
  if (!format) return complain(format.error().message, 2);
  const bool table = format == query::Format::table;
  if (table && !options.runs) fmt::print("{}", heading(*account, options.store));
  std::fflush(stdout);
  if (const Result<> printed = print_account(*account, options, *format); !printed) {
    fmt::print(stderr, "weir: {}\n", printed.error().message);
    return 1;
  }
  if (table && !options.runs) print_sockets((options.in_all ? account->in_all : account->current).ledger);
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
  CLI::Option* const all_flag = command->add_flag(
      "--in-all", options->in_all, "What became of everything since the store was made, not only since the last start");
  command->add_flag("--runs", options->runs, "The runs of the collector instead: when each began, and how it ended")
      ->excludes(streams_flag)
      ->excludes(all_flag);
  command->footer(
      "lost: datagrams (NetFlow v9) or records (v5, IPFIX) missing from the exporter's own sequence numbers. unknown:\n"
      "these do not go on as they should; >= 7: some of its streams do, others do not (see --streams).\n"
      "streams, clocks: of devices and their parts that share the address; clocks are their boots, as uptimes tell.\n"
      "doubt: too_few messages yet; erratic or no numbers; data that cannot be counted as their template is missing\n"
      "(uncounted), now and then (holes); unclear: it may be one with another stream.\n"
      "reported_drops: packets that the exporter says it could not sample (sFlow); counters: rows of that table.\n"
      "sets_without_template: data that could not be decoded, as its template never came.\n"
      "flows_per_s: of the last interval at which the account is written; ..._in_all: of all runs.\n"
      "--runs, end: running; stale (it should have been written anew); stopped; killed (or crashed, or its disk was\n"
      "full to the last); rebooted (the machine was).");
  command->callback([options, &run] { run = [options] { return exporters(*options); }; });
}

}  // namespace weir::app
