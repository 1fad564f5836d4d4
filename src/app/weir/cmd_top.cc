// weir top: who sends and receives the most.
#include <fmt/format.h>

#include <memory>

#include "app/weir/commands.h"
#include "app/weir/query_options.h"
#include "app/weir/query_watch.h"
#include "query/planner.h"
#include "query/stored_columns.h"

namespace weir::app {
namespace {

struct Options : QueryOptions {
  std::vector<std::string> filter;
  std::string by = "src_addr";
  std::string statistic;
  std::string order;
  uint64_t limit = 10;
  bool ascending = false;
  bool total = false;
  bool unscaled = false;
};

Result<query::TopQuery> query_from(const Options& options, const QuerySetup& setup) {
  query::TopQuery query;
  query.window = setup.window;
  query.limit = options.limit;
  query.scaled = !options.unscaled;
  query::StoredColumns stored(setup.surveyor, setup.window);
  query.filter = TRY(filter_from(options.filter, stored.more()));
  if (!options.statistic.empty()) {
    TRY(query::parse_statistic(options.statistic, query, stored.more()));
  } else if (!options.total) {
    query.by = TRY(query::parse_dimensions(options.by, stored.more()));
  }
  if (!options.order.empty()) {
    const std::optional<query::Metric> order = query::parse_metric(options.order);
    if (!order) return fail("--order {}: use bytes, packets, flows, bps, pps or bpp", options.order);
    query.order = *order;
  }
  if (options.ascending) query.ascending = true;
  return query;
}

int run_top(const Options& options) {
  const Result<QuerySetup> setup = check(options);
  if (!setup) return complain(setup.error().message, 2);
  const auto query = interruptible(*setup->surveyor, [&] { return query_from(options, *setup); });
  if (!query) return complain(query.error().message, setup->surveyor->stopped() ? 1 : 2);

  query::ResultTable answer;
  const Answer asked = ask(options, *setup, [&](query::Engine& engine) {
    return engine.run(query::plan_top(*query, query::duckdb_dialect()), answer);
  });
  if (answer.columns.empty()) return asked.status;

  const bool table = setup->format == query::Format::table;
  const query::ResultTable view =
      table ? query::top_view(*query, answer, setup->units) : query::top_rows(*query, answer);
  query::Output output(stdout);
  const std::unique_ptr<query::RowSink> printer = query::make_printer(setup->format, output, query::screen_of(stdout));
  if (const Result<> printed = print(view, *printer); !printed) return complain(printed.error().message, 1);
  if (table) output.buffer() += "\n" + query::top_footer(*query, answer, setup->units, asked.effort);
  if (const Result<> flushed = output.flush(); !flushed) return complain(flushed.error().message, 1);
  return asked.status;
}

}  // namespace

void add_top(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* top = app.add_subcommand("top", "Who sends and receives the most: flows of the store, grouped and ordered");
  top->footer(
      "FILTER is nfdump's language, and more (docs/filter.md); quotes are optional:\n"
      "  weir top src net 10/8 and dst port 443 --by dst_addr --last 1h\n"
      "  weir top --by src_addr/24,proto --order flows -n 20\n"
      "  weir top -s dstport:p/packets not ip 192.0.2.1\n"
      "Counters are multiplied by the sampling rate of their flow, unless --unscaled.\n" +
      std::string(kStatusHelp));
  top->add_option("filter", options->filter,
                  "Which flows: any, [src|dst] ip, net, port, as; proto, bytes > 1m, any column; and, or, not");
  top->add_option(
         "-b,--by,-A", options->by,
         "Columns or nfdump's elements to group by, with commas: src_addr, dst_port, srcip, proto, as, record,\n"
         "src_addr/24; '' for one row of totals")
      ->capture_default_str();
  top->add_option("-s,--statistic", options->statistic, "ELEMENT[:p][/ORDER[:a|:d]], as nfdump writes it: srcip/bytes");
  top->add_option("--order", options->order, "bytes, packets, flows, bps, pps or bpp (default: bytes)");
  top->add_flag("--ascending", options->ascending, "The least first");
  top->add_option("-n,--limit", options->limit, "How many rows; 0 for all")->capture_default_str();
  top->add_flag("--total", options->total, "One row of totals");
  top->add_flag("--unscaled", options->unscaled, "Counters as received, not multiplied by the sampling rate");
  add_query_options(*top, *options);
  top->callback([options, &run] { run = [options] { return run_top(*options); }; });
}

}  // namespace weir::app
