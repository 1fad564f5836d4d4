// weir-host: metrics of this machine for Prometheus.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "app/weir_host/memory.h"
#include "app/weir_host/serve.h"
#include "app/weir_host/settings.h"
#include "base/log.h"
#include "host/exporter.h"

namespace {

using namespace weir;

int print_scrape(const app::Settings& settings) {
  auto exporter = host::Exporter::make(settings.collectors, settings.options,
                                       {.version = WEIR_VERSION, .own_metrics = !settings.disable_exporter_metrics});
  if (!exporter) {
    log::error("{}", exporter.error().message);
    return 1;
  }
  const host::Scrape scrape = exporter->scrape(*exporter->choose({}, {}), std::nullopt);
  return std::fwrite(scrape.text->data(), 1, scrape.text->size(), stdout) == scrape.text->size() ? 0 : 1;
}

int run(const app::Settings& settings) {
  switch (settings.action) {
    case app::Action::help:
      fmt::print("{}", app::help_text());
      return 0;
    case app::Action::version:
      fmt::print("weir-host {}\n", WEIR_VERSION);
      return 0;
    case app::Action::collectors_markdown:
      fmt::print("{}", app::collectors_markdown());
      return 0;
    case app::Action::print:
      return print_scrape(settings);
    case app::Action::serve:
      break;
  }
  if (const Result<> served = app::serve(settings); !served) {
    log::error("{}", served.error().message);
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  app::keep_memory_small();
  log::start();
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto settings = app::parse_command_line(arguments);
  if (!settings) {
    fmt::print(stderr, "weir-host: {}\n'weir-host --help' lists the flags.\n", settings.error().message);
    return 2;
  }
  if (!log::set_level(settings->log_level)) {
    fmt::print(stderr, "weir-host: --log.level: '{}' is none of debug, info, warn and error\n", settings->log_level);
    return 2;
  }
  for (const std::string& flag : settings->ignored) log::info("--{} has no meaning here", flag);
  return run(*settings);
}
