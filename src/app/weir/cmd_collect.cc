// weir collect: receives until it is told to stop.
#include <fmt/format.h>
#include <signal.h>

#include <memory>

#include "app/weir/commands.h"
#include "app/weir/key_options.h"
#include "app/weir/known_sections.h"
#include "app/weir/ledger_print.h"
#include "app/weir/metrics_server.h"
#include "app/weir/settings.h"
#include "app/weir/signals.h"
#include "base/log.h"
#include "config/keys.h"
#include "config/size.h"
#include "pipeline/collector.h"

namespace weir::app {
namespace {

struct Options {
  std::shared_ptr<ConfigOptions> config = std::make_shared<ConfigOptions>();
  std::string duration;
};

void log_start(const pipeline::Collector& collector, const pipeline::CollectorOptions& options) {
  for (size_t i = 0; i < options.listen.size() && i < collector.ports().size(); ++i) {
    net::ListenAddress bound = options.listen[i];
    bound.port = collector.ports()[i];
    log::info("listening on {}", bound.to_string());
  }
  for (size_t i = 0; i < collector.stream_ports().size(); ++i) {
    const bool tls = i >= options.listen_tcp.size();
    net::ListenAddress bound = tls ? options.listen_tls[i - options.listen_tcp.size()] : options.listen_tcp[i];
    bound.port = collector.stream_ports()[i];
    log::info("accepting {} on {}", tls ? "TLS" : "TCP", bound.to_string());
  }
  if (options.tls && options.tls->certificate_ends() < wall_clock_now()) {
    log::warn("the certificate for TLS has expired on {}: exporters may refuse it",
              to_rfc3339(options.tls->certificate_ends()));
  }
  if (const size_t granted = collector.granted_buffer_bytes(); granted < options.receiver.socket_buffer_bytes) {
    log::warn(
        "the kernel granted a socket buffer of {} instead of {}: bursts may be lost. To allow it: sysctl -w "
        "net.core.rmem_max={}",
        config::size_to_string(granted), config::size_to_string(options.receiver.socket_buffer_bytes),
        options.receiver.socket_buffer_bytes);
  }
  log::info("storing to {}; look with: weir top --store {}", options.store.directory.string(),
            options.store.directory.string());
}

void warn(const Settings& all) {
  for (const std::string& warning : warnings(all)) log::warn("{}", warning);
}

void refuse(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    log::error("{}", lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  log::error("the new configuration is refused, the old one stays");
}

void log_changes(const std::vector<config::Change>& changes) {
  for (const config::Change& change : changes) {
    const std::string from = change.from.empty() ? "nothing" : change.from;
    const std::string to = change.to.empty() ? "nothing" : change.to;
    if (change.on_reload == config::OnReload::applied) {
      log::info("{} changed from {} to {}", change.name, from, to);
    } else {
      log::warn("{} changed from {} to {}: this needs a restart, {} stays until then", change.name, from, to, from);
    }
  }
}

// What runs.
struct Running {
  config::Config config;
  flow::SchemaPtr schema;
};

// SIGHUP: all of the new configuration, or nothing of it. What needs a restart stays as it runs, and is compared with
// that at the next reload, too.
Result<> reload(const ConfigOptions& options, Running& running, pipeline::Collector& collector) {
  const config::Config loaded = TRY(load_config(options));
  config::Config next = config::keep_running(running.config, loaded, known_sections());
  Settings all = TRY(settings(next));
  std::optional<net::TlsContext> tls = TRY(tls_context(all.tls, options.file));
  // Compiled templates go by the schema: the same columns are the same schema.
  decode::DecoderOptions& decoder = all.collector.decoder;
  if (next.columns == running.config.columns) decoder.schema = running.schema;
  TRY(collector.reload(decoder, all.collector.store, all.collector.streams, std::move(tls),
                       all.collector.memory_limit_bytes));
  warn(all);
  const std::vector<config::Change> changes = config::changes(running.config, loaded, known_sections());
  log_changes(changes);
  log::set_level(all.log_level);
  running = {std::move(next), decoder.schema};
  log::info("configuration reloaded, {} keys changed", changes.size());
  return {};
}

// Until SIGINT, SIGTERM or the end of `duration`.
void serve(const ConfigOptions& options, std::optional<Micros> duration, Running running,
           pipeline::Collector& collector) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  while (true) {
    std::chrono::milliseconds timeout{3'600'000};
    if (duration) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*duration - (Clock::now() - start));
      if (left.count() <= 0) return;
      timeout = std::min(timeout, left);
    }
    const std::optional<int> signal = wait_for_signal(timeout);
    if (signal == SIGHUP) {
      if (const Result<> done = reload(options, running, collector); !done) refuse(done.error().message);
    } else if (signal) {
      log::info("stopping on {}", *signal == SIGINT ? "SIGINT" : "SIGTERM");
      return;
    }
  }
}

Result<Settings> start_settings(const config::Config& config, const std::string& file) {
  Settings all = TRY(settings(config));
  all.collector.tls = TRY(tls_context(all.tls, file));
  TRY(check_redis_tls(all.collector, file));
  warn(all);
  return all;
}

int collect(const Options& options) {
  std::optional<Micros> duration;
  if (!options.duration.empty()) {
    duration = parse_duration(options.duration);
    if (!duration) {
      fmt::print(stderr, "--duration {}: it must be a duration such as 10s or 5m\n", options.duration);
      return 2;
    }
  }
  auto config = load_config(*options.config);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  log::set_level(config->log.level);
  auto all = start_settings(*config, options.config->file);
  if (!all) {
    log::error("{}", all.error().message);
    return 1;
  }
  block_signals();
  auto collector = pipeline::Collector::start(all->collector, store::make_parquet_writer());
  if (!collector) {
    log::error("{}", collector.error().message);
    return 1;
  }
  auto metrics = MetricsServer::start(std::move(all->http), **collector);
  if (!metrics) {
    log::error("{}", metrics.error().message);
    let_interrupt_end_the_process();
    (*collector)->stop();
    return 1;
  }
  log_start(**collector, all->collector);
  serve(*options.config, duration, {*std::move(config), all->collector.decoder.schema}, **collector);
  let_interrupt_end_the_process();
  metrics->reset();
  const pipeline::LedgerReport report = (*collector)->stop();
  print_out(totals_text(report));
  const bool adds_up = report.ledger.imbalance().empty();
  const std::vector<std::string> lost = lost_at_the_end(report);
  for (const std::string& line : lost) log::error("{}", line);
  return adds_up && lost.empty() ? 0 : 1;
}

}  // namespace

void add_collect(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("collect", "Receive flows and store them, until SIGINT or SIGTERM");
  auto options = std::make_shared<Options>();
  add_key_options(*command, FlagsOf::collect,
                  "Configuration file (weir check --example prints one); SIGHUP reads it again", options->config);
  command->add_option("--duration", options->duration, "End after this time, such as 10s or 5m");
  command->footer(
      "Everything received is stored or counted; the totals at the end say so. A second Ctrl-C ends at once.\n"
      "Exit status: 0; 1 if it could not start, or something was lost at the end; 2 wrong usage.");
  command->callback([options, &run] { run = [options] { return collect(*options); }; });
}

}  // namespace weir::app
