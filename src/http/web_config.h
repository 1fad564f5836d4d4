// The web configuration file: YAML with the keys of Prometheus exporters (github.com/prometheus/exporter-toolkit,
// docs/web-configuration.md). Every key is read; an unknown one is refused, with its line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::http {

enum class ClientAuth : uint8_t { none, request, require_any, verify_if_given, require_and_verify };
enum class TlsVersion : uint8_t { tls10, tls11, tls12, tls13 };

// PEM texts, inline or read from the files that the configuration names.
struct TlsSettings {
  std::string certificate;
  std::string key;
  std::string client_ca;
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> allowed_sans;
  TlsVersion min_version = TlsVersion::tls12;
  TlsVersion max_version = TlsVersion::tls13;
  std::vector<std::string> ciphers;  // OpenSSL's names, up to TLS 1.2
  bool prefer_server_ciphers = true;
  std::vector<std::string> curves;  // OpenSSL's names
};

struct User {
  std::string name;
  std::string hash;  // bcrypt
  bool operator==(const User&) const = default;
};

struct RateLimit {
  std::chrono::microseconds interval{};
  uint32_t burst = 0;
};

struct WebConfig {
  std::optional<TlsSettings> tls;
  std::vector<User> users;                                   // empty: everybody
  std::vector<std::pair<std::string, std::string>> headers;  // for every answer
  std::optional<RateLimit> rate_limit;
  bool http2 = false;              // the file asks for it; HTTP/1.1 is served anyway
  std::vector<std::string> files;  // all that were read, the configuration itself first
  std::vector<std::string> warnings;
};

// Reads the file, and those that it names, relative to its folder. Errors name file, line and key.
Result<WebConfig> load_web_config(const std::string& path);

}  // namespace weir::http
