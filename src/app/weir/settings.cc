#include "app/weir/settings.h"

#include <array>

#include "app/weir/known_sections.h"
#include "app/weir/settings_bindings.h"
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

Result<config::Config> load_config(const ConfigOptions& options) {
  config::Config config;
  if (!options.file.empty()) config = TRY(config::load(options.file, known_sections()));
  TRY(config::apply_flags(options.given, config, known_sections()));
  return config;
}

}  // namespace weir::app
