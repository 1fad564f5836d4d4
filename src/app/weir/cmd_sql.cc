// weir sql: any question, in DuckDB's SQL.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>

#include "app/weir/commands.h"
#include "app/weir/query_options.h"
#include "query/macros.h"

namespace weir::app {
namespace {

struct Options : QueryOptions {
  std::vector<std::string> statements;
  bool macros = false;
};

int print_macros(const Options& options) {
  query::Output output(stdout);
  output.buffer() += query::sql_macros();
  output.buffer() += fmt::format(
      "\n-- The flows of the store; run this again to see new files.\n"
      "CREATE OR REPLACE VIEW flows AS SELECT * "
      "FROM read_parquet({}, union_by_name = true, hive_partitioning = false);\n",
      query::sql_literal(options.store + "/flows/*/*/*.parquet"));
  std::error_code error;
  if (std::filesystem::is_directory(std::filesystem::path(options.store) / "counters", error)) {
    output.buffer() += fmt::format(
        "-- What devices counted by themselves (sFlow counter samples).\n"
        "CREATE OR REPLACE VIEW counters AS SELECT * "
        "FROM read_parquet({}, union_by_name = true, hive_partitioning = false);\n",
        query::sql_literal(options.store + "/counters/*/*/*.parquet"));
  }
  const Result<> flushed = output.flush();
  return flushed ? 0 : complain(flushed.error().message, 1);
}

int run_sql(const Options& options) {
  if (options.macros) return print_macros(options);
  const Result<QuerySetup> setup = check(options);
  if (!setup) return complain(setup.error().message, 2);
  std::string text = fmt::format("{}", fmt::join(options.statements, " "));
  if (text.empty() || text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  constexpr auto no_sql = [] { return complain("no SQL: write weir sql \"SELECT count(*) FROM flows\"", 2); };
  if (text.find_first_not_of(" \t\r\n;") == std::string::npos) return no_sql();

  query::Output output(stdout);
  const std::unique_ptr<query::RowSink> printer = query::make_printer(setup->format, output, query::screen_of(stdout));
  query::CountingSink sink(*printer);
  const bool table = setup->format == query::Format::table;
  size_t statements = 0;
  const Answer asked = ask(
      options, *setup,
      [&](query::Engine& engine) -> Result<> {
        for (const std::string& statement : TRY(engine.split(text))) {
          ++statements;
          if (table && sink.answers > 0) output.buffer() += "\n";
          TRY(engine.run(statement, sink));
        }
        return {};
      },
      true);
  if (asked.status == 0 && statements == 0) return no_sql();
  if (table && asked.status == 0) {
    output.buffer() +=
        fmt::format("\n{} row{}. Store: {}.\n", sink.rows, sink.rows == 1 ? "" : "s", to_string(asked.effort));
  }
  if (const Result<> flushed = output.flush(); !flushed) return complain(flushed.error().message, 1);
  return asked.status;
}

}  // namespace

void add_sql(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* sql = app.add_subcommand("sql", "Ask the store in SQL (DuckDB's); the tables are flows and counters");
  sql->footer(
      "  weir sql \"SELECT ip_text(src_addr), sum(bytes) FROM flows WHERE in_net(dst_addr, '10/8') GROUP BY ALL\"\n"
      "Functions: ip('192.0.2.1'), ip_text(address), in_net(address, '192.0.2.0/24'), net_first, net_last, mac_text,\n"
      "proto_name, type_name, tcp_flags_text. "
      "Counters are as received: multiply by sampling_rate where it is above 1.\n"
      "The store is only read. --last, --from and --to choose files, not rows: add a condition on time_received.");
  sql->add_option("sql", options->statements, "Statements with ';' between them; '-' or none: from standard input");
  sql->add_flag("--macros", options->macros, "Print these functions and the table as SQL for a plain duckdb shell");
  add_query_options(*sql, *options);
  sql->callback([options, &run] { run = [options] { return run_sql(*options); }; });
}

}  // namespace weir::app
