// weir sql: any question, in DuckDB's SQL.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <thread>

#include "app/weir/commands.h"
#include "app/weir/output_file.h"
#include "app/weir/query_options.h"
#include "app/weir/query_watch.h"
#include "base/landlock.h"
#include "config/size.h"
#include "query/functions.h"
#include "query/macros.h"
#include "query/temporary_folder.h"

namespace weir::app {
namespace {

// The thread sanitizer starts a program that names what it has found, before it knows whether that is suppressed.
#if defined(__SANITIZE_THREAD__)
constexpr bool kMayConfine = false;
#elif defined(__has_feature)
constexpr bool kMayConfine = !__has_feature(thread_sanitizer);
#else
constexpr bool kMayConfine = true;
#endif

struct Options : QueryOptions {
  std::vector<std::string> statements;
  bool macros = false;
  bool unsafe = false;
  std::string output;
  std::string addresses = "text";
  std::string memory;
  std::string timeout = "1h";
};

std::string rows_text(uint64_t rows) { return fmt::format("{} row{}", rows, rows == 1 ? "" : "s"); }

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
  if (std::filesystem::is_directory(std::filesystem::path(options.store) / "account", error)) {
    output.buffer() += fmt::format(
        "-- What the collector counted in each minute.\n"
        "CREATE OR REPLACE VIEW account AS SELECT * "
        "FROM read_parquet({}, union_by_name = true, hive_partitioning = false);\n",
        query::sql_literal(options.store + "/account/*/*/*.parquet"));
  }
  const Result<> flushed = output.flush();
  return flushed ? 0 : complain(flushed.error().message, 1);
}

// What the options of this command say, checked.
struct Limits {
  bool parquet = false;
  bool addresses_as_text = true;
  uint64_t memory_bytes = 0;
  Micros timeout{0};
};

Result<Limits> check_limits(const Options& options) {
  Limits limits;
  limits.parquet = options.format == "parquet" && !options.json && !options.csv;
  if (limits.parquet && options.output.empty()) return fail("-o parquet is for files: name one with --output FILE");
  if (query::parse_format(options.output) || options.output == "parquet") {
    return fail("--output names a file; for the format write -o {0}, for a file of that name --output ./{0}",
                options.output);
  }
  if (options.addresses != "text" && options.addresses != "uuid") {
    return fail("--addresses {}: there are text and uuid", options.addresses);
  }
  limits.addresses_as_text = options.addresses == "text";
  if (!options.memory.empty()) {
    const std::optional<uint64_t> bytes = config::parse_size(options.memory);
    if (!bytes || *bytes == 0) return fail("--memory {}: not a size; write 512MB, 4GB or 2GiB", options.memory);
    limits.memory_bytes = *bytes;
  }
  if (options.timeout == "none") return limits;
  const std::optional<Micros> timeout = parse_duration(options.timeout);
  if (!timeout || timeout->count() == 0) {
    return fail("--timeout {}: not a duration; write 90s, 15m, 6h or none", options.timeout);
  }
  limits.timeout = *timeout;
  return limits;
}

// Addresses as the UUIDs that they are in the store.
class UuidAddresses final : public query::RowSink {
 public:
  explicit UuidAddresses(query::RowSink& next) : next_(next) {}
  Result<> begin(std::span<const query::ResultColumn> columns) override { return next_.begin(columns); }
  Result<> row(std::span<const query::Value> values) override {
    values_.assign(values.begin(), values.end());
    for (query::Value& value : values_) {
      if (const auto* address = std::get_if<IpAddress>(&value)) value = query::uuid_text(*address);
    }
    return next_.row(values_);
  }
  Result<> end() override { return next_.end(); }
  void incomplete(std::span<const store::LeftOut> missing) override { next_.incomplete(missing); }

 private:
  query::RowSink& next_;
  std::vector<query::Value> values_;
};

// What a question needs of the machine: the store, where it spills to, what it writes; and what DuckDB asks about
// memory and processors.
ReachablePaths reachable(const Options& options, const query::EngineOptions& engine) {
  ReachablePaths paths;
  // Each by itself: a folder may be a link to another disk.
  for (const char* folder : {"", "/flows", "/counters", "/account"}) paths.read.push_back(options.store + folder);
  for (const char* path : {"/proc/self/cgroup", "/proc/meminfo", "/proc/cpuinfo", "/proc/sys/vm/overcommit_memory",
                           "/sys/fs/cgroup", "/sys/devices/system/cpu"})
    paths.read.emplace_back(path);
  paths.write.push_back(engine.spill_folder.string());
  if (!engine.export_file.empty()) paths.write.push_back(engine.export_file.string());
  return paths;
}

struct Outcome {
  Answer answer;
  size_t statements = 0;
  uint64_t rows = 0;
};

class Question {
 public:
  Question(const Options& options, const QuerySetup& setup, const Limits& limits, std::FILE* file)
      : options_(options),
        setup_(setup),
        limits_(limits),
        output_(file),
        printer_(query::make_printer(setup.format, output_, query::screen_of(file))),
        uuids_(*printer_),
        sink_(limits.addresses_as_text ? *printer_ : static_cast<query::RowSink&>(uuids_)) {}

  // In a thread of its own, which gives up all files that the question does not need, and whose threads are those of
  // the database. Who waits for it tidies up.
  Outcome ask_caged(const std::string& text, const query::EngineOptions& engine) {
    AskOptions ask_options{.engine = engine, .timeout = limits_.timeout};
    // A kernel without Landlock leaves the other walls (query/cage.h).
    if (engine.caged && kMayConfine) ask_options.confine = [&] { (void)restrict_files(reachable(options_, engine)); };
    Outcome outcome;
    std::thread([&] { outcome = ask_all(text, std::move(ask_options)); }).join();
    return outcome;
  }

 private:
  Outcome ask_all(const std::string& text, AskOptions ask_options) {
    Outcome outcome;
    const auto question = [&](query::Engine& engine) -> Result<> {
      const std::vector<std::string> statements = TRY(engine.split(text));
      if (limits_.parquet && statements.size() > 1) return fail("-o parquet: one SELECT gives the rows of a file");
      for (const std::string& statement : statements) {
        ++outcome.statements;
        if (limits_.parquet) {
          outcome.rows = TRY(engine.write_parquet(statement, limits_.addresses_as_text));
          continue;
        }
        if (table() && sink_.answers > 0) output_.buffer() += "\n";
        TRY(engine.run(statement, sink_));
      }
      return {};
    };
    outcome.answer = ask(options_, setup_, question, std::move(ask_options));
    outcome.rows += sink_.rows;
    if (table() && options_.output.empty() && outcome.answer.given() && outcome.statements > 0) {
      output_.buffer() += fmt::format("\n{}. Store: {}.\n", rows_text(outcome.rows), to_string(outcome.answer.effort));
    }
    if (const Result<> flushed = output_.flush(); !flushed) {
      outcome.answer.status = complain(flushed.error().message, 1);
    }
    return outcome;
  }

  bool table() const { return setup_.format == query::Format::table && !limits_.parquet; }

  const Options& options_;
  const QuerySetup& setup_;
  const Limits& limits_;
  query::Output output_;
  std::unique_ptr<query::RowSink> printer_;
  UuidAddresses uuids_;
  query::CountingSink sink_;
};

int no_sql() { return complain("no SQL: write weir sql \"SELECT count(*) FROM flows\"", 2); }

int run_sql(const Options& options) {
  if (options.macros) return print_macros(options);
  const Result<Limits> limits = check_limits(options);
  if (!limits) return complain(limits.error().message, 2);
  QueryOptions common = options;
  if (limits->parquet) common.format = "table";  // never printed
  const Result<QuerySetup> setup = check(common);
  if (!setup) return complain(setup.error().message, 2);
  std::string text = fmt::format("{}", fmt::join(options.statements, " "));
  if (text.empty() || text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (text.find_first_not_of(" \t\r\n;") == std::string::npos) return no_sql();

  const HeldSignals signals;  // before the folder, whose end they must not forestall
  const Result<query::TemporaryFolder> folder = query::TemporaryFolder::create();
  if (!folder) return complain(folder.error().message, 1);
  query::EngineOptions engine;
  engine.counters = true;
  engine.caged = !options.unsafe;
  engine.memory_bytes = limits->memory_bytes;
  engine.spill_folder = folder->path();
  std::optional<OutputFile> file;
  if (!options.output.empty()) {
    Result<OutputFile> created = OutputFile::create(options.output);
    if (!created) return complain(created.error().message, 1);
    file.emplace(*std::move(created));
    if (limits->parquet) engine.export_file = file->partial();
  }
  const Outcome outcome = Question(options, *setup, *limits, file ? file->stream() : stdout).ask_caged(text, engine);
  if (outcome.answer.given() && outcome.statements == 0) return no_sql();
  if (!file || !outcome.answer.given()) return outcome.answer.status;
  if (const Result<> finished = file->finish(); !finished) return complain(finished.error().message, 1);
  fmt::print("{} in {}. Store: {}.\n", rows_text(outcome.rows), options.output, to_string(outcome.answer.effort));
  if (outcome.answer.status == kIncomplete) {
    complain(fmt::format("{} is incomplete: parts of the store are missing from it", options.output), 0);
  }
  return outcome.answer.status;
}

}  // namespace

void add_sql(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* sql =
      app.add_subcommand("sql", "Ask the store in SQL (DuckDB's); the tables are flows, counters and account");
  sql->footer(
      "  weir sql \"SELECT ip_text(src_addr), sum(bytes) FROM flows\n"
      "            WHERE in_net(dst_addr, '10/8') GROUP BY ALL\"\n"
      "Functions: ip('192.0.2.1'), ip_text(address), in_net(address, '192.0.2.0/24'),\n"
      "net_first, net_last, mac_text, proto_name, type_name, tcp_flags_text.\n"
      "An address is compared with text: src_addr = '192.0.2.1',\n"
      "'2001:db8::1' IN (src_addr, dst_addr).\n"
      "Counters are as received: multiply by sampling_rate where it is above 1.\n"
      "--last, --from and --to choose files, not rows: add a condition on\n"
      "time_received.\n"
      "Statements only ask: SELECT, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN.\n"
      "They read the store's tables and nothing else; no other file, no network, no\n"
      "settings. Files of results: -o parquet --output flows.parquet.\n"
      "--unsafe gives DuckDB as it is, with all that you may read and write: only for\n"
      "SQL of your own.\n" +
      std::string(kStatusHelp));
  sql->add_option("sql", options->statements, "Statements with ';' between them; '-' or none: from standard input");
  sql->add_flag("--macros", options->macros, "Print these functions and the table as SQL for a plain duckdb shell");
  add_query_options(*sql, *options, "-o,--format");
  sql->get_option("--format")->description("table, json, ndjson, csv, or parquet with --output");
  sql->add_option("--output", options->output, "File for the result, which has that name once it is complete");
  sql->add_option("--addresses", options->addresses, "Addresses as text (192.0.2.1) or uuid (as they are stored)")
      ->capture_default_str();
  sql->add_option("--memory", options->memory, "Memory of the query, 4GB; more is spilled. By default a quarter of it");
  sql->add_option("--timeout", options->timeout, "How long the query may take; none: as long as it likes")
      ->capture_default_str();
  sql->add_flag("--unsafe", options->unsafe,
                "DuckDB as it is: statements may read, write, load and set what they like");
  sql->callback([options, &run] { run = [options] { return run_sql(*options); }; });
}

}  // namespace weir::app
