// What the command line says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/collectors/collector.h"
#include "host/collectors/options.h"

namespace weir::app {

enum class Action : uint8_t { serve, print, help, version, collectors_markdown };

struct Settings {
  Action action = Action::serve;
  std::vector<host::CollectorEntry> collectors;  // those turned on, by name
  host::Options options;
  std::vector<std::string> listen;  // empty: all addresses, port 9100
  bool systemd_socket = false;
  std::string telemetry_path = "/metrics";
  std::string web_config;
  uint32_t max_requests = 40;  // scrapes at once; 0: any number
  bool disable_exporter_metrics = false;
  bool sandbox = true;
  std::string log_level = "info";
  std::vector<std::string> ignored;  // flags of node_exporter that mean nothing here
};

// Everything behind the program's name: `--flag=value`, `--flag value`, `--switch`, `--no-switch`. Flags have the names
// of node_exporter's. Fails with a line for the user.
Result<Settings> parse_command_line(std::span<const std::string_view> arguments);

// What --help prints.
std::string help_text();
// The table of collectors in docs/weir-host.md.
std::string collectors_markdown();

}  // namespace weir::app
