// weir check: is a configuration right, and what would run with it; is a store whole. Also prints the example and the
// reference page.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/weir/check_store.h"
#include "app/weir/commands.h"
#include "app/weir/known_sections.h"
#include "app/weir/settings.h"
#include "config/document.h"
#include "config/parse.h"
#include "config/size.h"
#include "http/web_config.h"

namespace weir::app {
namespace {

struct Options {
  std::string file;
  bool example = false;
  bool commented = false;
  bool markdown = false;
  StoreCheck store;
};

// What would run, in a few lines.
void print_summary(const std::string& file, const config::Config& c, const std::optional<net::TlsContext>& tls) {
  fmt::print("{}: no problems\n", file);
  fmt::print("  receive    UDP {} with {} thread{}, socket buffers of {}\n", fmt::join(c.collect.listen, ", "),
             c.collect.threads, c.collect.threads == 1 ? "" : "s",
             config::size_to_string(c.collect.socket_buffer.bytes));
  if (c.collect.threads > 1) fmt::print("             spread by {}\n", c.collect.spread);
  if (!c.collect.cpus.empty()) fmt::print("             on processors {}\n", fmt::join(c.collect.cpus, ", "));
  if (!c.collect.listen_tcp.empty()) fmt::print("             TCP {}\n", fmt::join(c.collect.listen_tcp, ", "));
  if (!c.collect.listen_tls.empty()) {
    fmt::print("             TLS {}, {}\n", fmt::join(c.collect.listen_tls, ", "),
               c.tls.client_ca ? "from exporters with a certificate" : "from anybody");
  }
  if (!c.http.listen.empty()) fmt::print("  metrics    HTTP {}\n", fmt::join(c.http.listen, ", "));
  if (tls) fmt::print("  tls        certificate good until {}\n", to_rfc3339(tls->certificate_ends()));
  fmt::print("  store      {}, written every {}{}\n", c.store.directory, to_human(c.store.flush_interval),
             c.store.compact ? ", compacted" : ", not compacted");
  std::string kept = "until the disk is full";
  if (c.retention.max_age && c.retention.max_size) {
    kept = fmt::format("for {}, at most {}", to_human(*c.retention.max_age),
                       config::size_to_string(c.retention.max_size->bytes));
  } else if (c.retention.max_age) {
    kept = fmt::format("for {}", to_human(*c.retention.max_age));
  } else if (c.retention.max_size) {
    kept = fmt::format("at most {}", config::size_to_string(c.retention.max_size->bytes));
  }
  fmt::print("  keep       {}\n", kept);
  if (c.templates.redis) fmt::print("  templates  shared through {}\n", c.templates.redis->to_string());
  for (const config::Sampling& s : c.sampling)
    fmt::print("  sampling   {} one packet in {}\n", s.exporter.to_string(), s.rate);
  for (const config::Column& column : c.columns)
    fmt::print("  column     {} from element {}, {}\n", column.name, config::to_string(column.element), column.type);
}

// What the configuration would run with, and the files that it names.
struct Checked {
  std::optional<net::TlsContext> tls;
  std::vector<std::string> warnings;
};

Result<Checked> check_files(const config::Config& config, const std::string& file) {
  const Settings all = TRY(settings(config));
  Checked checked{.tls = TRY(tls_context(all.tls, file)), .warnings = warnings(all)};
  TRY(check_redis_tls(all.collector, file));
  if (!config.http.web_config) return checked;
  if (const auto web = http::load_web_config(*config.http.web_config))
    checked.warnings.insert(checked.warnings.end(), web->warnings.begin(), web->warnings.end());
  return checked;
}

int check(const Options& options) {
  if (!options.store.directory.empty()) return run_store_check(options.store);
  if (options.store.repair || options.store.accept_gaps) {
    fmt::print(stderr, "repair what? weir check --store DIR --repair\n");
    return 2;
  }
  if (options.example || options.commented || options.markdown) {
    const auto text = options.commented ? config::commented_example
                      : options.example ? config::example
                                        : config::markdown;
    fmt::print("{}", text(known_sections()));
    return 0;
  }
  if (options.file.empty()) {
    fmt::print(stderr, "which file? weir check FILE, or weir check --example for one to start from\n");
    return 2;
  }
  const auto config = config::load(options.file, known_sections());
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  const auto checked = check_files(*config, options.file);
  if (!checked) {
    fmt::print(stderr, "{}\n", checked.error().message);
    return 1;
  }
  print_summary(options.file, *config, checked->tls);
  for (const std::string& warning : checked->warnings) fmt::print(stderr, "{}: warning: {}\n", options.file, warning);
  return 0;
}

}  // namespace

void add_check(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("check", "Check a configuration file, or a store; or print an example of a configuration");
  auto options = std::make_shared<Options>();
  CLI::Option* file = command->add_option("FILE", options->file, "Configuration to check, such as weir.toml");
  command->add_option("--store", options->store.directory, "Read every file of this store, and tell what is wrong")
      ->excludes(file);
  command->add_flag("--repair", options->store.repair,
                    "Set aside what is damaged, delete what a merge replaced or a crash left half written");
  command->add_flag("--accept-gaps", options->store.accept_gaps,
                    "Segments that are nowhere to be found count as deleted from now on, and are told no longer");
  command->footer(
      "Exit status:\n"
      "  0  no problems\n"
      "  1  the configuration is wrong, or the store could not be looked through\n"
      "  2  wrong usage\n"
      "  3  the store has damaged or missing files, or had them: what was set aside is missing from answers");
  command->add_flag("--example,--defaults", options->example,
                    "Print a commented configuration with every key and its default");
  command->add_flag("--commented", options->commented, "The same with every key commented out");
  command->add_flag("--markdown", options->markdown, "Print the reference page docs/configuration.md");
  command->callback([options, &run] { run = [options] { return check(*options); }; });
}

}  // namespace weir::app
