// weir replay: captures straight into a store.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <memory>
#include <thread>

#include "app/weir/commands.h"
#include "app/weir/key_options.h"
#include "app/weir/ledger_print.h"
#include "app/weir/query_options.h"
#include "app/weir/settings.h"
#include "app/weir/signals.h"
#include "config/size.h"
#include "pipeline/replay.h"

namespace weir::app {
namespace {

struct Options {
  std::shared_ptr<ConfigOptions> config = std::make_shared<ConfigOptions>();
  std::vector<std::string> files;
  std::vector<uint16_t> ports;
  std::string state_file;
  std::string output = "table";
  bool compact = false;
};

double per_second(uint64_t count, Micros elapsed) {
  return elapsed.count() <= 0 ? 0 : static_cast<double>(count) * 1e6 / static_cast<double>(elapsed.count());
}

// One line on a terminal, drawn over itself.
void draw_progress(const pipeline::ReplayProgress& p) {
  constexpr size_t width = 30;
  const double part =
      p.bytes_total == 0 ? 1 : std::min(1.0, static_cast<double>(p.bytes_read) / static_cast<double>(p.bytes_total));
  const auto filled = static_cast<size_t>(part * width);
  const Micros left{part > 0 ? static_cast<int64_t>(static_cast<double>(p.elapsed.count()) * (1 - part) / part) : 0};
  fmt::print(stderr, "\r[{}{}] {:3.0f} %  {} MB  {} flows  {:.2f} M flows/s  {} left \x1b[K", std::string(filled, '#'),
             std::string(width - filled, ' '), part * 100, p.bytes_read / 1'000'000, with_commas(p.records),
             per_second(p.records, p.elapsed) / 1e6, to_human(left));
}

void print_json(const pipeline::ReplaySummary& s) {
  namespace json = boost::json;
  const flow::ExporterCounters& c = s.report.ledger.total.counters;
  json::object out;
  out["files"] = s.files;
  out["bytes_read"] = s.bytes_read;
  out["datagrams"] = s.datagrams;
  out["other_ports"] = s.other_ports;
  out["other_frames"] = s.other_frames;
  out["damaged_frames"] = s.damaged_frames;
  out["datagrams_rejected"] = c.datagrams_rejected;
  const flow::ExporterLedger& total = s.report.ledger.total;
  const flow::RowCounts& flows = total.rows(flow::Table::flows);
  const flow::RowCounts& counters = total.rows(flow::Table::counters);
  out["records"] = c.rows[flow::Table::flows];
  out["option_records"] = c.option_records;
  out["undecodable_sets"] = c.undecodable_sets;
  out["lost_units"] = c.lost_units;
  out["stored"] = flows.stored;
  out["dropped"] = flows.dropped_in_all();
  out["counter_rows"] = c.rows[flow::Table::counters];
  out["counter_rows_stored"] = counters.stored;
  out["counter_rows_dropped"] = counters.dropped_in_all();
  out["agent_drops"] = c.agent_drops;
  json::object anomalies;
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (c.anomalies[anomaly] != 0) anomalies[name(anomaly)] = c.anomalies[anomaly];
  }
  out["anomalies"] = std::move(anomalies);
  out["elapsed_seconds"] = static_cast<double>(s.elapsed.count()) / 1e6;
  out["flows_per_second"] = per_second(c.rows[flow::Table::flows], s.elapsed);
  out["adds_up"] = s.report.ledger.imbalance().empty();
  fmt::print("{}\n", json::serialize(out));
}

void print_table(const pipeline::ReplaySummary& s) {
  print_out(totals_text(s.report));
  fmt::print("{} file{}, {} datagrams in {}: {:.2f} M flows/s\n", s.files, s.files == 1 ? "" : "s",
             with_commas(s.datagrams), to_human(s.elapsed),
             per_second(s.report.ledger.total.counters.rows[flow::Table::flows], s.elapsed) / 1e6);
  if (s.other_frames + s.damaged_frames + s.other_ports > 0) {
    fmt::print("passed over: {} frames that are not UDP, {} damaged, {} datagrams to other ports\n",
               with_commas(s.other_frames), with_commas(s.damaged_frames), with_commas(s.other_ports));
  }
}

int run_replay(pipeline::ReplayOptions options, bool as_json, const std::atomic<bool>& interrupted) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  if (terminal) options.on_progress = draw_progress;
  options.interrupted = &interrupted;
  const auto summary = pipeline::replay(std::move(options), store::make_parquet_writer());
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  if (!summary) return complain(summary.error().message, 1);
  as_json ? print_json(*summary) : print_table(*summary);
  for (const std::string& problem : summary->problems) complain(problem, 0);
  if (interrupted) fmt::print(stderr, "weir: interrupted: what was decoded until then is stored\n");
  const auto nothing_dropped = [&](flow::Table table) {
    return summary->report.ledger.total.rows(table).dropped_in_all() == 0;
  };
  const bool complete =
      summary->problems.empty() && std::ranges::all_of(flow::kDecodedTables, nothing_dropped) && !interrupted;
  return complete && summary->report.ledger.imbalance().empty() ? 0 : 1;
}

Result<Settings> load_settings(const ConfigOptions& options) { return settings(TRY(load_config(options))); }

int replay(const Options& options) {
  auto all = load_settings(*options.config);
  if (!all) {
    fmt::print(stderr, "{}\n", all.error().message);
    return 1;
  }
  pipeline::ReplayOptions replay_options;
  replay_options.files.assign(options.files.begin(), options.files.end());
  replay_options.ports = options.ports;
  replay_options.decoder = std::move(all->collector.decoder);
  replay_options.state_file = options.state_file;
  replay_options.store = std::move(all->collector.store);
  // Nobody waits for fresh rows: files by size only.
  replay_options.store.flush_interval = std::chrono::hours{1};
  replay_options.compact = options.compact;

  // A thread waits for Ctrl-C, as the main one reads.
  block_signals();
  std::atomic<bool> interrupted = false;
  std::atomic<bool> done = false;
  std::thread watcher([&] {
    while (!done) {
      if (const auto signal = wait_for_signal(std::chrono::milliseconds{100}); signal && *signal != SIGHUP) {
        if (interrupted.exchange(true)) _exit(130);
      }
    }
  });
  const int status = run_replay(std::move(replay_options), options.output == "json", interrupted);
  done = true;
  watcher.join();
  return status;
}

}  // namespace

void add_replay(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("replay", "Decode captures (pcap, pcapng) and IPFIX files straight into a store");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Captures and IPFIX files, in this order; /dev/stdin for a pipe")
      ->required();
  add_key_options(*command, FlagsOf::replay, "Configuration file, for limits and sampling rates", options->config);
  command->add_option("--port", options->ports, "Only datagrams to this port; several are allowed (default: all UDP)");
  command->add_option("--state", options->state_file,
                      "State file of a collector (templates.state): begin with the templates that it knew");
  command->add_flag("--compact", options->compact, "Merge small files at the end");
  command->add_option("-o,--output", options->output, "table or json")->check(CLI::IsMember({"table", "json"}));
  command->footer(
      "time_received is the time of the capture. Exit status: 0; 1 if a capture is damaged or could not be read, or\n"
      "the store failed (what was whole is stored); 2 wrong usage.");
  command->callback([options, &run] { run = [options] { return replay(*options); }; });
}

}  // namespace weir::app
