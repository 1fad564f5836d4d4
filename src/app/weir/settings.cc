#include "app/weir/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/keys.h"
#include "config/listen.h"
#include "config/parse.h"

namespace weir::app {
namespace {

// A TOML string that holds any text.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// One that TOML reads as such, apart from zeros in front.
bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The options of the command line as the text of a configuration, so that the same rules and messages hold for them.
Result<std::string> as_toml(const Overrides& o) {
  std::string collect;
  const auto add_addresses = [](std::string& section, std::string_view key, const std::vector<std::string>& addresses) {
    std::vector<std::string> quoted;
    for (const std::string& address : addresses) quoted.push_back(toml_string(address));
    if (!quoted.empty()) section += fmt::format("{} = [{}]\n", key, fmt::join(quoted, ", "));
  };
  add_addresses(collect, "listen", o.listen);
  add_addresses(collect, "listen_tcp", o.listen_tcp);
  if (!o.threads.empty()) {
    collect += fmt::format("threads = {}\n",
                           is_number(o.threads) ? std::to_string(std::stoul(o.threads)) : toml_string(o.threads));
  }
  if (!o.spread.empty()) collect += fmt::format("spread = {}\n", toml_string(o.spread));
  if (!o.cpus.empty()) {
    std::vector<std::string> numbers;
    for (const std::string& cpu : o.cpus) {
      if (is_number(cpu)) numbers.push_back(std::to_string(std::stoul(cpu)));
    }
    const bool all = numbers.size() == o.cpus.size();
    collect += all ? fmt::format("cpus = [{}]\n", fmt::join(numbers, ", "))
                   : fmt::format("cpus = {}\n", toml_string(fmt::to_string(fmt::join(o.cpus, ","))));
  }
  if (o.other) collect += "other = true\n";
  std::string http;
  add_addresses(http, "listen", o.http_listen);
  std::string store;
  if (!o.flush_interval.empty()) store += fmt::format("flush_interval = {}\n", toml_string(o.flush_interval));
  std::string text = fmt::format("[collect]\n{}[http]\n{}[store]\n{}", collect, http, store);
  if (!o.log_level.empty()) text += fmt::format("[log]\nlevel = {}\n", toml_string(o.log_level));
  for (const std::string& entry : o.sampling) {
    const size_t equals = entry.rfind('=');
    const std::string rate = equals == std::string::npos ? std::string() : entry.substr(equals + 1);
    if (rate.empty() || rate.size() > 10 || rate.find_first_not_of("0123456789") != std::string::npos) {
      return fail("--sampling {}: it must be EXPORTER=RATE, such as 192.0.2.1=1000", entry);
    }
    text += fmt::format("[[sampling]]\nexporter = {}\nrate = {}\n", toml_string(entry.substr(0, equals)),
                        std::stoull(rate));
  }
  return text;
}

// Whether the options of TLS and the file together are enough; the file alone was checked when it was read.
Result<> check_tls(const Overrides& o, const config::Config& config) {
  for (const std::string& address : o.listen_tls) {
    if (!config::is_listen_address(address)) {
      return fail("--listen-tls {}: it must be PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT", address);
    }
  }
  const bool certificate = config.tls.certificate.has_value();
  const bool key = config.tls.key.has_value();
  if (certificate && key) return {};
  if (!config.collect.listen_tls.empty()) {
    return fail("--listen-tls needs --tls-certificate and --tls-key, or [tls] in the configuration");
  }
  if (certificate != key) return fail("--tls-certificate and --tls-key need each other");
  return {};
}

void apply(const Overrides& o, const config::Config& given, config::Config& config) {
  if (!o.listen.empty()) config.collect.listen = given.collect.listen;
  if (!o.listen_tcp.empty()) config.collect.listen_tcp = given.collect.listen_tcp;
  if (!o.listen_tls.empty()) config.collect.listen_tls = o.listen_tls;
  if (!o.http_listen.empty()) config.http.listen = given.http.listen;
  if (!o.tls_certificate.empty()) config.tls.certificate = o.tls_certificate;  // as they are: see the store
  if (!o.tls_key.empty()) config.tls.key = o.tls_key;
  if (!o.tls_client_ca.empty()) config.tls.client_ca = o.tls_client_ca;
  if (!o.threads.empty()) config.collect.threads = given.collect.threads;
  if (!o.spread.empty()) config.collect.spread = given.collect.spread;
  if (!o.cpus.empty()) config.collect.cpus = given.collect.cpus;
  if (o.other) config.collect.other = true;
  if (!o.store.empty()) config.store.directory = o.store;  // as it is: a name need not be UTF-8
  if (!o.flush_interval.empty()) config.store.flush_interval = given.store.flush_interval;
  if (!o.log_level.empty()) config.log.level = given.log.level;
  for (const config::Sampling& sampling : given.sampling) {
    std::erase_if(config.sampling, [&](const config::Sampling& s) { return s.exporter == sampling.exporter; });
    config.sampling.push_back(sampling);
  }
}

}  // namespace

decode::DecoderOptions decoder_options(const config::Config& config) {
  decode::DecoderOptions options;
  const config::Limits& limits = config.limits;
  options.limits.sessions = limits.exporters;
  options.limits.templates_per_session = limits.templates_per_exporter;
  options.limits.templates = limits.templates;
  options.limits.fields_per_template = limits.fields_per_template;
  options.limits.early_bytes_per_session = limits.early_bytes_per_exporter.bytes;
  options.limits.early_bytes = limits.early_bytes.bytes;
  options.limits.early_age = std::chrono::duration_cast<std::chrono::seconds>(limits.early_age);
  options.limits.template_lifetime = std::chrono::duration_cast<std::chrono::seconds>(limits.template_lifetime);
  options.other = config.collect.other;
  options.several_messages = config.collect.several_messages;
  // The parser has refused every list that does not make a schema.
  options.schema = config::flow_schema(config.columns).value_or(flow::Schema::flows());
  for (const config::Sampling& s : config.sampling) options.sampling_rates[s.exporter] = static_cast<uint32_t>(s.rate);
  return options;
}

store::StoreOptions store_options(const config::Config& config) {
  store::StoreOptions options;
  options.directory = config.store.directory;
  options.flush_interval = config.store.flush_interval;
  options.rows_per_segment = config.store.rows_per_segment;
  options.pending_rows_limit = config.store.pending_rows;
  options.compact = config.store.compact;
  options.compact_after = config.store.compact_after;
  options.delete_grace = config.store.delete_grace;
  options.max_age = config.retention.max_age;
  if (config.retention.max_size) options.max_bytes = config.retention.max_size->bytes;
  return options;
}

net::StreamLimits stream_limits(const config::Config& config) {
  using std::chrono::milliseconds;
  net::StreamLimits limits;
  limits.connections = config.limits.connections;
  limits.connections_per_exporter = config.limits.connections_per_exporter;
  limits.buffer_bytes = config.limits.stream_bytes.bytes;
  limits.handshake_time = std::chrono::duration_cast<milliseconds>(config.limits.handshake_time);
  limits.message_time = std::chrono::duration_cast<milliseconds>(config.limits.message_time);
  if (config.limits.idle_time) limits.idle_time = std::chrono::duration_cast<milliseconds>(*config.limits.idle_time);
  return limits;
}

std::optional<uint64_t> memory_limit(const config::Config& config) {
  return config.limits.memory ? std::optional(config.limits.memory->bytes) : std::nullopt;
}

Result<std::optional<net::TlsContext>> tls_context(const config::Config& config, const std::string& file) {
  if (!config.tls.certificate || !config.tls.key) return std::nullopt;
  auto context = net::TlsContext::server(
      {.certificate = *config.tls.certificate, .key = *config.tls.key, .client_ca = config.tls.client_ca.value_or("")});
  if (context) return *std::move(context);
  constexpr std::array<std::string_view, 3> kKeys = {"certificate", "key", "client_ca"};  // by TlsProblem::File
  const std::string_view key = kKeys[static_cast<size_t>(context.error().file)];
  const std::string place = file.empty() ? std::string() : config::place(file, "tls", key) + ": ";
  return fail("{}tls.{}: {}", place, key, context.error().message);
}

namespace {

Result<std::vector<net::ListenAddress>> addresses(const std::vector<std::string>& texts) {
  std::vector<net::ListenAddress> parsed;
  for (const std::string& text : texts) {
    const auto address = net::ListenAddress::parse(text);
    if (!address) return std::unexpected(address.error());
    parsed.push_back(*address);
  }
  return parsed;
}

}  // namespace

Result<pipeline::CollectorOptions> collector_options(const config::Config& config, const std::string& file) {
  pipeline::CollectorOptions options;
  const auto udp = addresses(config.collect.listen);
  const auto tcp = addresses(config.collect.listen_tcp);
  const auto tls = addresses(config.collect.listen_tls);
  for (const auto* listed : {&udp, &tcp, &tls}) {
    if (!*listed) return std::unexpected(listed->error());
  }
  options.listen = *udp;
  options.listen_tcp = *tcp;
  options.listen_tls = *tls;
  auto context = tls_context(config, file);
  if (!context) return std::unexpected(context.error());
  options.tls = *std::move(context);
  options.streams = stream_limits(config);
  options.threads = config.collect.threads;
  options.cpus.assign(config.collect.cpus.begin(), config.collect.cpus.end());
  options.receiver.spread = config.collect.spread == "datagram" ? net::Spread::datagram : net::Spread::exporter;
  options.receiver.gro = config.collect.gro;
  options.receiver.socket_buffer_bytes = config.collect.socket_buffer.bytes;
  options.queue_batches = config.collect.queue;
  options.decoder = decoder_options(config);
  options.store = store_options(config);
  const config::Templates& templates = config.templates;
  const auto default_file = options.store.directory / "templates.state";
  options.state_file = templates.state_file.value_or(default_file);
  options.save_state_every = std::chrono::duration_cast<std::chrono::milliseconds>(templates.save_every);
  options.redis = templates.redis;
  options.memory_limit_bytes = memory_limit(config);
  return options;
}

Result<config::Config> load_config(const Overrides& overrides) {
  config::Config config;
  if (!overrides.config_file.empty()) {
    auto loaded = config::load(overrides.config_file);
    if (!loaded) return loaded;
    config = *std::move(loaded);
  }
  const Result<std::string> text = as_toml(overrides);
  if (!text) return std::unexpected(text.error());
  const auto given = config::parse(*text);
  if (!given) return fail("command line: {}", given.error().front().text);
  apply(overrides, *given, config);
  if (const Result<> checked = check_tls(overrides, config); !checked)
    return fail("command line: {}", checked.error().message);
  return config;
}

}  // namespace weir::app
