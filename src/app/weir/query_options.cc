#include "app/weir/query_options.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/weir/filter_world.h"
#include "app/weir/query_watch.h"
#include "base/terminal_text.h"

namespace weir::app {
namespace {

// What the surveyor finds whole it notes in the store, and tells the engine at once when that asks again.
Result<> verify(const QuerySetup& setup, bool counters) {
  TRY(setup.surveyor->survey(flow::Table::flows, setup.window.from, setup.window.to));
  if (!counters) return {};
  TRY(setup.surveyor->survey(flow::Table::counters, setup.window.from, setup.window.to));
  TRY(setup.surveyor->survey(flow::Table::account, setup.window.from, setup.window.to));
  return {};
}

}  // namespace

void add_query_options(CLI::App& command, QueryOptions& options, const std::string& format) {
  command.add_option("--store", options.store, "Folder that a collector writes to")->default_str(kDefaultStoreText);
  command.add_option("--last", options.last, "Only flows received in the last: 90s, 15m, 6h, 30d, 2w");
  command.add_option("--from", options.from,
                     "Only flows received at or after: 2026-11-22, 2026-11-22T14:05, RFC 3339 (UTC)");
  command.add_option("--to", options.to, "Only flows received before");
  command.add_option(format, options.format, "table, json, ndjson or csv")->capture_default_str();
  command.add_flag("--json", options.json, "The same as -o json");
  command.add_flag("--csv", options.csv, "The same as -o csv");
  add_spreadsheet_option(command, options.spreadsheet);
  command.add_flag("-N,--plain", options.plain, "Exact numbers instead of units in tables");
  command.add_flag("--strict", options.strict, "Exit status 1 if files of the store are damaged or missing");
}

void add_spreadsheet_option(CLI::App& command, bool& spreadsheet) {
  command.add_flag("--spreadsheet", spreadsheet,
                   "With -o csv: what senders chose is no formula (a ' goes before = + - @), for Excel and the like");
}

Result<query::Format> format_of(std::string_view name, bool spreadsheet) {
  const std::optional<query::Format> parsed = query::parse_format(name);
  if (!parsed) return fail("-o {}: there are the formats table, json, ndjson and csv", name);
  if (!spreadsheet) return *parsed;
  if (*parsed != query::Format::csv) return fail("--spreadsheet is for -o csv");
  return query::Format::csv_guarded;
}

Result<QuerySetup> check(const QueryOptions& options) {
  QuerySetup setup;
  const std::string format = options.json ? "json" : options.csv ? "csv" : options.format;
  setup.format = TRY(format_of(format, options.spreadsheet));
  setup.units = options.plain ? query::Units::plain : query::Units::human;

  setup.surveyor = query::make_surveyor(options.store);
  const auto time = [](std::string_view option, const std::string& text, std::optional<Timestamp>& into) -> Result<> {
    if (text.empty()) return {};
    into = parse_time(text);
    if (!into)
      return fail("{} {}: not a time; write 2026-11-22, 2026-11-22T14:05 or 2026-11-22T14:05:00Z", option, text);
    return {};
  };
  TRY(time("--from", options.from, setup.window.from));
  TRY(time("--to", options.to, setup.window.to));
  if (!options.last.empty()) {
    if (!options.from.empty()) return fail("--last and --from are two beginnings: give one of them");
    const std::optional<Micros> last = parse_duration(options.last);
    if (!last) return fail("--last {}: not a duration; write 90s, 15m, 6h, 30d or 2w", options.last);
    const Timestamp end = setup.window.to.value_or(wall_clock_now());
    setup.window.from = to_us(end) < INT64_MIN + last->count() ? timestamp_from_us(0) : end - *last;
  }
  if (setup.window.from && setup.window.to && *setup.window.from >= *setup.window.to) {
    return fail("the window ends before it begins: {} to {}", to_rfc3339(*setup.window.from),
                to_rfc3339(*setup.window.to));
  }
  return setup;
}

Result<filter::Filter> filter_from(const std::vector<std::string>& words, const query::MoreColumns& more) {
  const std::string text = fmt::format("{}", fmt::join(words, " "));
  auto filter = filter::parse_filter(text, filter_world(more));
  if (!filter) return fail("{}", filter.error().show(text));
  return *std::move(filter);
}

int complain(const std::string& message, int status) {
  std::fflush(stdout);
  fmt::print(stderr, "weir: {}\n", terminal_lines(message));
  return status;
}

Answer ask(const QueryOptions& options, const QuerySetup& setup,
           const std::function<Result<>(query::Engine&)>& question, AskOptions ask_options) {
  const auto start = std::chrono::steady_clock::now();
  const HeldSignals signals;
  query::EngineOptions& engine_options = ask_options.engine;
  engine_options.store = options.store;
  engine_options.window = setup.window;
  engine_options.surveyor = setup.surveyor;
  std::optional<query::Engine> engine;
  Result<> outcome;
  {
    QueryWatch watch(*setup.surveyor, signals, ask_options.timeout);
    outcome = [&]() -> Result<> {
      if (ask_options.confine) {
        TRY(verify(setup, engine_options.counters));
        ask_options.confine();
      }
      engine.emplace(TRY(query::Engine::open(engine_options)));
      watch.follow(*engine);
      return question(*engine);
    }();
    if (!outcome && watch.too_long()) {
      outcome = fail("stopped after {} s: ask for a shorter time with --last, or give it longer with --timeout",
                     std::chrono::duration_cast<std::chrono::seconds>(ask_options.timeout).count());
    }
  }
  if (!engine) return {{}, complain(outcome.error().message, 1)};
  Answer answer;
  answer.effort = {engine->files(), engine->bytes(), engine->missing().size(),
                   std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start)};
  for (const store::LeftOut& part : engine->missing()) {
    complain(fmt::format("the answer is incomplete: {}: {}", part.path.string(), part.reason), 0);
  }
  if (!outcome)
    answer.status = complain(outcome.error().message, 1);
  else if (answer.effort.missing > 0)
    answer.status = options.strict ? 1 : kIncomplete;
  return answer;
}

}  // namespace weir::app
