// weir flows: the flows themselves.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/weir/commands.h"
#include "app/weir/query_options.h"
#include "app/weir/query_watch.h"
#include "flow/batch.h"
#include "query/planner.h"
#include "query/stored_columns.h"

namespace weir::app {
namespace {

struct Options : QueryOptions {
  std::vector<std::string> filter;
  std::string columns;
  std::string order = "time_received";
  uint64_t limit = 100;
  bool all_columns = false;
  bool newest = false;
};

// Of this version, and what the operator added.
std::vector<std::string> every_column(query::StoredColumns& stored) {
  std::vector<std::string> columns;
  for (const flow::ColumnInfo& column : flow::kColumns) columns.emplace_back(column.name);
  for (std::string& name : stored.names()) {
    if (std::ranges::find(columns, name) == columns.end()) columns.push_back(std::move(name));
  }
  return columns;
}

// "bytes", "bytes:d", "-bytes", "none".
Result<> set_order(std::string text, query::FlowsQuery& query, query::StoredColumns& stored) {
  if (text == "none") return {};
  if (text.starts_with('-')) text = text.substr(1) + ":d";
  query.ascending = !text.ends_with(":d");
  if (text.ends_with(":d") || text.ends_with(":a")) text.resize(text.size() - 2);
  query.order = text;
  if (!query::find_column(text, stored.more()))
    return fail("--order {}: there is no such column; 'weir flows --help' lists them", text);
  return {};
}

Result<query::FlowsQuery> query_from(const Options& options, const QuerySetup& setup) {
  query::FlowsQuery query;
  query.window = setup.window;
  query.limit = options.limit;
  query::StoredColumns stored(setup.surveyor, setup.window);
  query.filter = TRY(filter_from(options.filter, stored.more()));
  if (!options.columns.empty()) {
    query.columns = TRY(query::parse_columns(options.columns, stored.more()));
  } else if (options.all_columns) {
    query.columns = every_column(stored);
  } else if (setup.format != query::Format::table) {
    query.columns = stored.names();
  } else {
    for (const flow::Column column : query::flow_line_columns()) query.columns.emplace_back(flow::info(column).name);
  }
  // All rows in time order would have to be held before the first one is printed: they come as they are stored.
  const bool as_stored = query.limit == 0 && options.order == "time_received" && !options.newest;
  TRY(set_order(as_stored ? "none" : options.order, query, stored));
  if (options.newest) query.ascending = !query.ascending;
  return query;
}

// The newest flows are asked for newest first and shown oldest first, as in a log.
Result<> run_newest(query::Engine& engine, const std::string& sql, query::RowSink& sink) {
  query::ResultTable rows;
  TRY(engine.run(sql, rows));
  std::ranges::reverse(rows.rows);
  return print(rows, sink);
}

int run_flows(const Options& options) {
  const Result<QuerySetup> setup = check(options);
  if (!setup) return complain(setup.error().message, 2);
  const auto query = interruptible(*setup->surveyor, [&] { return query_from(options, *setup); });
  if (!query) return complain(query.error().message, setup->surveyor->stopped() ? 1 : 2);

  query::Output output(stdout);
  const query::Screen screen = query::screen_of(stdout);
  const std::unique_ptr<query::RowSink> printer = query::make_printer(setup->format, output, screen);
  const bool table = setup->format == query::Format::table;
  const bool lines = table && options.columns.empty() && !options.all_columns;
  query::FlowLines flow_lines(*printer, setup->units, screen.width);
  query::NamedColumns named(*printer, setup->units);
  query::CountingSink sink(lines   ? static_cast<query::RowSink&>(flow_lines)
                           : table ? static_cast<query::RowSink&>(named)
                                   : *printer);
  const std::string sql = query::plan_flows(*query, query::duckdb_dialect());
  const Answer asked = ask(options, *setup, [&](query::Engine& engine) {
    return options.newest ? run_newest(engine, sql, sink) : engine.run(sql, sink);
  });
  if (table && asked.given()) {
    output.buffer() +=
        fmt::format("\n{} flow{} shown. Read {}.\n", sink.rows, sink.rows == 1 ? "" : "s", to_string(asked.effort));
    if (query->limit > 0 && sink.rows == query->limit) {
      output.buffer() += fmt::format("There may be more: -n 0 shows all, --newest the last {}.\n", query->limit);
    }
  }
  if (const Result<> flushed = output.flush(); !flushed) return complain(flushed.error().message, 1);
  return asked.status;
}

std::string column_list() {
  std::string text = "Columns:\n ";
  size_t width = 1;
  for (const flow::ColumnInfo& column : flow::kColumns) {
    if (width + column.name.size() + 1 > 78) {
      text += "\n ";
      width = 1;
    }
    text += fmt::format(" {}", column.name);
    width += column.name.size() + 1;
  }
  return text;
}

}  // namespace

void add_flows(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* flows = app.add_subcommand("flows", "The flows themselves, oldest first");
  flows->footer(
      "FILTER is nfdump's language, and more (docs/filter.md); quotes are optional:\n"
      "  weir flows dst port 22 and flags S and not flags A --newest\n"
      "  weir flows ip 192.0.2.1 --last 1h --order bytes:d -n 20\n"
      "  weir flows -n 0 -o ndjson > flows.ndjson\n" +
      column_list() + "\n" + kStatusHelp);
  flows->add_option("filter", options->filter,
                    "Which flows: any, [src|dst] ip, net, port, as; proto, bytes > 1m, any column; and, or, not");
  flows->add_option("-n,--limit", options->limit, "How many flows; 0 for all, in the order of the store")
      ->capture_default_str();
  flows->add_flag("--newest", options->newest, "The last ones instead of the first");
  flows
      ->add_option("--order", options->order, "Column to order by, COLUMN:d for the greatest first, none for as stored")
      ->capture_default_str();
  flows->add_option("--columns", options->columns, "Columns to show, with commas");
  flows->add_flag("--all-columns", options->all_columns,
                  "All columns (json, ndjson and csv have those that the files have anyway)");
  add_query_options(*flows, *options);
  flows->callback([options, &run] { run = [options] { return run_flows(*options); }; });
}

}  // namespace weir::app
