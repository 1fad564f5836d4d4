// weir collect: receives until it is told to stop.
#include <fmt/format.h>
#include <signal.h>

#include <memory>

#include "app/weir/commands.h"
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
  Overrides overrides;
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

void refuse(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    log::error("{}", lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  log::error("the new configuration is refused, the old one stays");
}

// SIGHUP: all of the new configuration, or nothing of it.
void reload(const Overrides& overrides, config::Config& current, flow::SchemaPtr& schema,
            pipeline::Collector& collector) {
  Result<config::Config> loaded = load_config(overrides);
  if (!loaded) return refuse(loaded.error().message);
  auto tls = tls_context(*loaded, overrides.config_file);
  if (!tls) return refuse(tls.error().message);
  decode::DecoderOptions decoder = decoder_options(*loaded);
  // Compiled templates go by the schema: the same columns are the same schema.
  if (loaded->columns == current.columns) decoder.schema = schema;
  const Result<> taken =
      collector.reload(decoder, store_options(*loaded), stream_limits(*loaded), *std::move(tls), memory_limit(*loaded));
  if (!taken) return refuse(taken.error().message);
  schema = decoder.schema;
  const std::vector<config::Change> changes = config::changes(current, *loaded);
  for (const config::Change& change : changes) {
    const std::string from = change.from.empty() ? "nothing" : change.from;
    const std::string to = change.to.empty() ? "nothing" : change.to;
    if (change.on_reload == config::OnReload::applied) {
      log::info("{} changed from {} to {}", change.name, from, to);
    } else {
      log::warn("{} changed from {} to {}: this needs a restart, {} stays until then", change.name, from, to, from);
    }
  }
  log::set_level(loaded->log.level);
  // What needs a restart is compared with what runs, also at the next reload.
  const config::Config running = current;
  current = *std::move(loaded);
  current.collect.listen = running.collect.listen;
  current.collect.listen_tcp = running.collect.listen_tcp;
  current.collect.listen_tls = running.collect.listen_tls;
  current.collect.threads = running.collect.threads;
  current.collect.spread = running.collect.spread;
  current.collect.cpus = running.collect.cpus;
  current.collect.gro = running.collect.gro;
  current.collect.socket_buffer = running.collect.socket_buffer;
  current.collect.queue = running.collect.queue;
  current.http = running.http;
  current.store.directory = running.store.directory;
  current.templates = running.templates;
  log::info("configuration reloaded, {} keys changed", changes.size());
}

// Until SIGINT, SIGTERM or the end of `duration`.
void serve(const Overrides& overrides, std::optional<Micros> duration, config::Config& current, flow::SchemaPtr schema,
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
      reload(overrides, current, schema, collector);
    } else if (signal) {
      log::info("stopping on {}", *signal == SIGINT ? "SIGINT" : "SIGTERM");
      return;
    }
  }
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
  Result<config::Config> config = load_config(options.overrides);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  log::set_level(config->log.level);
  const auto collector_opts = collector_options(*config, options.overrides.config_file);
  if (!collector_opts) {
    log::error("{}", collector_opts.error().message);
    return 1;
  }
  block_signals();
  auto collector = pipeline::Collector::start(*collector_opts, store::make_parquet_writer());
  if (!collector) {
    log::error("{}", collector.error().message);
    return 1;
  }
  auto metrics = MetricsServer::start(config->http, **collector);
  if (!metrics) {
    log::error("{}", metrics.error().message);
    let_interrupt_end_the_process();
    (*collector)->stop();
    return 1;
  }
  log_start(**collector, *collector_opts);
  serve(options.overrides, duration, *config, collector_opts->decoder.schema, **collector);
  let_interrupt_end_the_process();
  metrics->reset();
  const pipeline::LedgerReport report = (*collector)->stop();
  print_out(totals_text(report));
  const bool adds_up = report.ledger.imbalance().empty();
  uint64_t unwritten = 0;
  for (const flow::Table table : flow::kTables)
    unwritten += report.ledger.total.rows(table)[flow::DropReason::shutdown];
  if (unwritten > 0)
    log::error("{} flows and counters could not be written before the end: {}", unwritten, report.store.last_error);
  return adds_up && unwritten == 0 ? 0 : 1;
}

}  // namespace

void add_collect(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("collect", "Receive flows and store them, until SIGINT or SIGTERM");
  auto options = std::make_shared<Options>();
  Overrides& o = options->overrides;
  command->add_option("-c,--config", o.config_file,
                      "Configuration file (weir check --example prints one); SIGHUP reads it again");
  command->add_option("--listen", o.listen,
                      "PORT, ADDRESS:PORT or [IPV6]:PORT; several are allowed (default: 2055 4739 6343)");
  command->add_option("--listen-tcp", o.listen_tcp, "The same for IPFIX over TCP (default: none; usual: 4739)");
  command->add_option("--listen-tls", o.listen_tls, "The same for IPFIX over TLS (default: none; usual: 4740)");
  command->add_option("--tls-certificate", o.tls_certificate, "The collector's certificate, a PEM file");
  command->add_option("--tls-key", o.tls_key, "Its private key, a PEM file");
  command->add_option("--tls-client-ca", o.tls_client_ca,
                      "Authorities of exporters, a PEM file: with it, exporters need a certificate of theirs");
  command->add_option("--http-listen", o.http_listen,
                      "The same for /metrics and health over HTTP, such as 127.0.0.1:8080 (default: none)");
  command->add_option("--store", o.store, "Folder of the store (default: weir-data)");
  command->add_option("--threads", o.threads, "Receiving threads (default: 1)");
  command->add_option("--spread", o.spread,
                      "exporter: each has one thread; datagram: all threads receive from each (default: exporter)");
  command->add_option("--cpus", o.cpus, "Processors for the receiving threads, such as 0,1 (default: any)")
      ->delimiter(',');
  command->add_option("--flush-interval", o.flush_interval, "Flows can be queried after this long (default: 5s)");
  command->add_option("--sampling", o.sampling, "EXPORTER=RATE: the sampling rate of an exporter that does not say it");
  command->add_flag("--other", o.other, "Keep elements without a column, as JSON in the column other");
  command->add_option("--log-level", o.log_level, "trace, debug, info, warn or error (default: info)");
  command->add_option("--duration", options->duration, "End after this time, such as 10s or 5m");
  command->footer(
      "Everything received is stored or counted; the totals at the end say so. A second Ctrl-C ends at once.\n"
      "Exit status: 0; 1 if it could not start, or flows were lost at the end; 2 wrong usage.");
  command->callback([options, &run] { run = [options] { return collect(*options); }; });
}

}  // namespace weir::app
