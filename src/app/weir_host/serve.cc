#include "app/weir_host/serve.h"

#include <atomic>
#include <csignal>
#include <optional>

#include "app/weir_host/memory.h"
#include "app/weir_host/privileges.h"
#include "app/weir_host/scrape_handler.h"
#include "base/log.h"
#include "host/exporter.h"
#include "host/registry.h"
#include "host/sandbox/sandbox.h"
#include "http/listen.h"
#include "http/program_pages.h"
#include "http/server.h"
#include "http/web_config.h"

namespace weir::app {
namespace {

// When buffers have their size and a scrape touches what every scrape touches.
constexpr uint64_t kWarm = 10;

// Where the signals that end the program find the server.
std::atomic<http::Server*> stopped_by_signals = nullptr;

void stop(int) {
  if (http::Server* server = stopped_by_signals) server->stop();
}

void listen_to_signals(http::Server& server) {
  stopped_by_signals = &server;
  struct sigaction action{};
  action.sa_handler = stop;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  // There is nothing to read again: the web configuration is read again by itself.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &action, nullptr);
}

Result<http::Server::Options> server_options(const Settings& settings) {
  http::Server::Options options;
  options.listen = settings.listen;
  if (settings.systemd_socket) {
    options.adopted = http::sockets_of_systemd();
    if (options.adopted.empty())
      return fail("--web.systemd-socket: systemd has handed over no socket; is this started by a .socket unit?");
    options.listen.clear();
  } else if (options.listen.empty()) {
    options.listen.emplace_back(":9100");
  }
  options.web_config = settings.web_config;
  options.handlers = http::ProgramPages::paths(settings.telemetry_path);
  return options;
}

std::string folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "." : std::string(path.substr(0, slash + 1));
}

// Folders of the unix sockets that are removed at the end.
std::vector<std::string> socket_folders(const http::Server& server) {
  constexpr std::string_view kUnix = "unix:";
  std::vector<std::string> folders;
  for (const std::string& address : server.addresses()) {
    if (address.starts_with(kUnix)) folders.push_back(folder_of(std::string_view(address).substr(kUnix.size())));
  }
  return folders;
}

void enter_sandbox(const Settings& settings, const http::Server& server) {
  if (!settings.sandbox) return;
  ReachablePaths paths{.read = host::paths_read(settings.options), .remove = socket_folders(server)};
  paths.read.emplace_back("/dev/null");  // what the server keeps open against EMFILE
  // The web configuration is read again when it changes, with the files that it names: new ones in the same folders.
  if (!settings.web_config.empty()) {
    if (const auto config = http::load_web_config(settings.web_config))
      for (const std::string& file : config->files) paths.read.push_back(folder_of(file));
  }
  if (const auto sandbox = host::enter_sandbox(paths)) {
    log::info("sandbox: {}", *sandbox);
  } else {
    log::warn("no sandbox: {}", sandbox.error().message);
  }
}

}  // namespace

Result<> serve(const Settings& settings) {
  auto options = TRY(server_options(settings));
  std::optional<host::Exporter> exporter;
  std::optional<ScrapeHandler> handler;
  uint64_t answers = 0;
  auto server = http::Server::create(std::move(options), [&](const http::Request& request, http::Responder respond) {
    respond(handler->answer(request));
    if (++answers == 1 || answers == kWarm) give_back_memory();
  });
  if (!server) return std::unexpected(server.error());
  host::ExporterSettings own;
  own.version = WEIR_VERSION;
  own.own_metrics = !settings.disable_exporter_metrics;
  own.more_metrics = [&](telemetry::Exposition& out) { http::write_metrics(out, "weir_host", (*server)->counters()); };
  auto made = TRY(host::Exporter::make(settings.collectors, settings.options, std::move(own)));
  exporter.emplace(std::move(made));
  handler.emplace(settings, *exporter);
  // All sockets are there, and what collectors load (libsystemd); none has started a thread yet.
  enter_sandbox(settings, **server);
  tell_of_privileges(settings);

  listen_to_signals(**server);
  for (const std::string& address : (*server)->addresses()) log::info("listening on {}", address);
  const Result<> result = (*server)->run();
  stopped_by_signals = nullptr;
  if (result) log::info("ended");
  return result;
}

}  // namespace weir::app
