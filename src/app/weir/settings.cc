#include "app/weir/settings.h"

#include <fmt/format.h>

#include <array>

#include "app/weir/known_sections.h"
#include "app/weir/settings_bindings.h"
#include "base/file_access.h"
#include "config/parse.h"

namespace weir::app {

Result<Settings> settings(const config::Config& config) {
  Settings all;
  TRY(fill(config, kConfigBindings, all));
  return all;
}

Result<std::optional<net::TlsContext>> tls_context(const net::TlsServerFiles& files, const std::string& file) {
  if (files.certificate.empty() || files.key.empty()) return std::nullopt;
  auto context = net::TlsContext::server(files);
  if (context) return *std::move(context);
  constexpr std::array<std::string_view, 3> kKeys = {"certificate", "key", "client_ca"};  // by TlsProblem::File
  const std::string_view key = kKeys[static_cast<size_t>(context.error().file)];
  const std::string place = file.empty() ? std::string() : config::place(file, "tls", key) + ": ";
  return fail("{}tls.{}: {}", place, key, context.error().message);
}

Result<> check_redis_tls(const pipeline::CollectorOptions& options, const std::string& file) {
  const net::TlsClientOptions& tls = options.redis_tls;
  const auto wrong = [&](std::string_view key, std::string_view why) {
    const std::string place = file.empty() ? std::string() : config::place(file, "templates", key) + ": ";
    return fail("{}templates.{}: {}", place, key, why);
  };
  if (!options.redis || !options.redis->tls) {
    const std::string_view without = !tls.ca.empty()                      ? "redis_ca"
                                     : !tls.certificate.empty()           ? "redis_certificate"
                                     : !options.redis_server_name.empty() ? "redis_server_name"
                                     : tls.insecure                       ? "redis_verify"
                                                                          : "";
    if (without.empty()) return {};
    return wrong(without, "it is for TLS, and the URL in templates.redis does not begin with rediss://");
  }
  if (tls.insecure && !tls.ca.empty()) return wrong("redis_verify", "without it, templates.redis_ca does nothing");
  const auto context = net::TlsContext::client(tls);
  if (context) return {};
  constexpr std::array<std::string_view, 3> kKeys = {"redis_certificate", "redis_key", "redis_ca"};  // by File
  return wrong(kKeys[static_cast<size_t>(context.error().file)], context.error().message);
}

std::vector<std::string> warnings(const Settings& settings) {
  std::vector<std::string> all;
  const auto look_at = [&](std::string_view key, const std::string& file) {
    if (file.empty()) return;
    if (const auto open = key_too_open(file)) all.push_back(fmt::format("{}: {}", key, *open));
  };
  look_at("tls.key", settings.tls.key);
  look_at("templates.redis_key", settings.collector.redis_tls.key);
  if (settings.collector.decoder.limits.templates != decode::Limits{}.templates)
    all.emplace_back("limits.templates is obsolete, and better left out: limits.exporter_memory bounds what they take");
  if (settings.collector.redis_tls.insecure)
    all.emplace_back("templates.redis_verify is false: whoever is between may read and change what is shared");
  return all;
}

Result<config::Config> load_config(const ConfigOptions& options) {
  config::Config config;
  if (!options.file.empty()) config = TRY(config::load(options.file, known_sections()));
  TRY(config::apply_flags(options.given, config, known_sections()));
  return config;
}

}  // namespace weir::app
