// From the configuration, which knows only names and values, to the options of the parts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "decode/decoder.h"
#include "pipeline/collector.h"
#include "store/store.h"

namespace weir::app {

decode::DecoderOptions decoder_options(const config::Config& config);
store::StoreOptions store_options(const config::Config& config);
net::StreamLimits stream_limits(const config::Config& config);
std::optional<uint64_t> memory_limit(const config::Config& config);
// The certificates of [tls], read anew; nothing without listen_tls. `file`: the configuration, to say where in it the
// file is named that is wrong; empty: none.
Result<std::optional<net::TlsContext>> tls_context(const config::Config& config, const std::string& file);
Result<pipeline::CollectorOptions> collector_options(const config::Config& config, const std::string& file);

// What the command line says instead of the file; empty or false: nothing.
struct Overrides {
  std::string config_file;
  std::vector<std::string> listen;
  std::vector<std::string> listen_tcp;
  std::vector<std::string> listen_tls;
  std::vector<std::string> http_listen;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;
  std::string store;
  std::string threads;
  std::string spread;
  std::vector<std::string> cpus;
  std::string flush_interval;
  std::string log_level;
  std::vector<std::string> sampling;  // "EXPORTER=RATE"
  bool other = false;
};

// The file, or the defaults without one, with the command line on top. Values of the command line follow the same rules
// as those of the file.
Result<config::Config> load_config(const Overrides& overrides);

}  // namespace weir::app
