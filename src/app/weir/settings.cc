#include "app/weir/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/keys.h"
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

// The options of the command line as the text of a configuration, so that the same rules and messages hold for them.
Result<std::string> as_toml(const Overrides& o) {
  std::string collect;
  std::vector<std::string> listen;
  for (const std::string& address : o.listen) listen.push_back(toml_string(address));
  if (!listen.empty()) collect += fmt::format("listen = [{}]\n", fmt::join(listen, ", "));
  if (!o.threads.empty()) {
    const bool number = o.threads.size() < 10 && o.threads.find_first_not_of("0123456789") == std::string::npos;
    collect += fmt::format("threads = {}\n", number ? std::to_string(std::stoul(o.threads)) : toml_string(o.threads));
  }
  if (o.other) collect += "other = true\n";
  std::string store;
  if (!o.flush_interval.empty()) store += fmt::format("flush_interval = {}\n", toml_string(o.flush_interval));
  std::string text = fmt::format("[collect]\n{}[store]\n{}", collect, store);
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

void apply(const Overrides& o, const config::Config& given, config::Config& config) {
  if (!o.listen.empty()) config.collect.listen = given.collect.listen;
  if (!o.threads.empty()) config.collect.threads = given.collect.threads;
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

Result<pipeline::CollectorOptions> collector_options(const config::Config& config) {
  pipeline::CollectorOptions options;
  for (const std::string& text : config.collect.listen) {
    const auto address = net::ListenAddress::parse(text);
    if (!address) return std::unexpected(address.error());
    options.listen.push_back(*address);
  }
  options.threads = config.collect.threads;
  options.receiver.socket_buffer_bytes = config.collect.socket_buffer.bytes;
  options.queue_batches = config.collect.queue;
  options.decoder = decoder_options(config);
  options.store = store_options(config);
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
  return config;
}

}  // namespace weir::app
