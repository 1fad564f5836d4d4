// From the configuration, which knows only names and values, to the options of the parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/command_line.h"
#include "config/config.h"
#include "http/server.h"
#include "net/tls.h"
#include "pipeline/collector.h"

namespace weir::app {

// The options of all parts.
struct Settings {
  pipeline::CollectorOptions collector;  // without `tls`: tls_context() reads the files
  net::TlsServerFiles tls;               // for exporters; empty: none
  http::Server::Options http;            // nobody listens without an address
  std::string log_level = "info";
};

// Fails if an address is none.
Result<Settings> settings(const config::Config& config);

// The certificates for exporters, read anew; nothing if there are none. `file` is the configuration, to say where in it
// the file is named that is wrong; empty: there is none.
Result<std::optional<net::TlsContext>> tls_context(const net::TlsServerFiles& files, const std::string& file);

// Fails if TLS to Redis is asked for without rediss://, or its files are of no use. `file` as above.
Result<> check_redis_tls(const pipeline::CollectorOptions& options, const std::string& file);
// What works, and yet should not be: private keys that others may read, a server that nobody checks, an obsolete key.
std::vector<std::string> warnings(const Settings& settings);

// What the command line says of the configuration: a file, and keys that win over it.
struct ConfigOptions {
  std::string file;  // empty: the defaults
  std::vector<config::GivenFlag> given;
};
Result<config::Config> load_config(const ConfigOptions& options);

}  // namespace weir::app
