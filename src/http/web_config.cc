#include "http/web_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>

#include "base/file_access.h"
#include "base/time.h"
#include "http/yaml.h"

namespace weir::http {
namespace {

// A certificate with its chain has about 10 KB.
constexpr size_t kMaxFile = size_t{1} << 20;
// Bounds the header fields, which every answer carries.
constexpr size_t kMaxHeaderValue = 1024;
constexpr size_t kMaxUsers = 1000;

using Names = std::pair<std::string_view, std::string_view>;
// The names of Go (crypto/tls) and of OpenSSL. Ciphers of TLS 1.3 cannot be chosen, as in Go.
constexpr auto kCiphers = std::to_array<Names>({
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
});
constexpr auto kCurves = std::to_array<Names>(
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}});
constexpr auto kClientAuth = std::to_array<std::pair<std::string_view, ClientAuth>>({
    {"", ClientAuth::none},
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"RequireClientCert", ClientAuth::require_any},  // the toolkit's older name
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
});
constexpr auto kVersions = std::to_array<std::pair<std::string_view, TlsVersion>>({{"TLS10", TlsVersion::tls10},
                                                                                   {"TLS11", TlsVersion::tls11},
                                                                                   {"TLS12", TlsVersion::tls12},
                                                                                   {"TLS13", TlsVersion::tls13}});

template <class Table>
auto find_in(const Table& table, std::string_view name) -> const typename Table::value_type* {
  const auto found = std::ranges::find(table, name, [](const auto& row) { return row.first; });
  return found == table.end() ? nullptr : &*found;
}

Result<std::string> read_whole(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return fail_errno(fmt::format("cannot read {}", path));
  std::string text(kMaxFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return fail_errno(fmt::format("cannot read {}", path));
  if (text.size() > kMaxFile) return fail("{} is larger than {} bytes", path, kMaxFile);
  return text;
}

// Reads one file. Errors name the line.
class Parser {
 public:
  explicit Parser(std::string path) : path_(std::move(path)) {}

  Result<WebConfig> parse() {
    config_.files.push_back(path_);
    const auto text = TRY(read_whole(path_));
    const auto root = parse_yaml(text);
    if (!root) return fail("{}, {}", path_, root.error().message);
    const auto done = each_key(*root, "", [&](std::string_view key, const YamlNode& value) -> Result<bool> {
      if (key == "tls_server_config") return known(tls(value));
      if (key == "http_server_config") return known(http(value));
      if (key == "basic_auth_users") return known(users(value));
      if (key == "rate_limit") return known(rate_limit(value));
      return false;
    });
    if (!done) return std::unexpected(done.error());
    return std::move(config_);
  }

 private:
  static Result<bool> known(Result<> result) {
    TRY(std::move(result));
    return true;
  }
  template <class... Args>
  std::unexpected<Error> wrong(const YamlNode& node, fmt::format_string<Args...> format, Args&&... args) const {
    return fail("{}, line {}: {}", path_, node.line, fmt::format(format, std::forward<Args>(args)...));
  }

  // Calls read(key, value) for each pair of a mapping. It returns whether it knows the key.
  template <class Read>
  Result<> each_key(const YamlNode& node, std::string_view where, Read read) {
    if (node.kind == YamlNode::Kind::nothing) return {};
    if (node.kind != YamlNode::Kind::mapping)
      return wrong(node, "{} is to be a mapping of keys", where.empty() ? "the file" : where);
    std::vector<std::string_view> seen;
    for (size_t i = 0; i < node.keys.size(); ++i) {
      const YamlNode& key = node.keys[i];
      if (key.kind != YamlNode::Kind::text) return wrong(key, "a key is to be a text");
      if (std::ranges::find(seen, key.text) != seen.end()) return wrong(key, "{} is there twice", key.text);
      seen.push_back(key.text);
      const bool found = TRY(read(std::string_view(key.text), node.items[i]));
      if (!found) return wrong(key, "unknown key \"{}\"{}{}", key.text, where.empty() ? "" : " in ", where);
    }
    return {};
  }
  Result<> text(const YamlNode& node, std::string_view key, std::string& to) const {
    if (node.kind == YamlNode::Kind::nothing) return {};
    if (node.kind != YamlNode::Kind::text) return wrong(node, "{} is to be a text", key);
    to = node.text;
    return {};
  }
  Result<> boolean(const YamlNode& node, std::string_view key, bool& to) const {
    if (node.text == "true" || node.text == "false") {
      to = node.text == "true";
      return {};
    }
    return wrong(node, "{} is to be true or false", key);
  }
  Result<> texts(const YamlNode& node, std::string_view key, std::vector<std::string>& to) const {
    if (node.kind == YamlNode::Kind::nothing) return {};
    if (node.kind != YamlNode::Kind::list) return wrong(node, "{} is to be a list", key);
    for (const YamlNode& item : node.items) {
      if (item.kind != YamlNode::Kind::text) return wrong(item, "{} is to be a list of texts", key);
      to.push_back(item.text);
    }
    return {};
  }
  template <class Table, class Value>
  Result<> one_of(const YamlNode& node, std::string_view key, const Table& table, Value& to) const {
    const auto* const row = find_in(table, node.text);
    if (row == nullptr || (node.kind != YamlNode::Kind::text && node.kind != YamlNode::Kind::nothing)) {
      return wrong(node, "{} cannot be \"{}\"", key, node.text);
    }
    to = row->second;
    return {};
  }
  Result<> translated(const YamlNode& node, std::string_view key, std::span<const Names> table,
                      std::vector<std::string>& to) const {
    std::vector<std::string> names;
    TRY(texts(node, key, names));
    for (size_t i = 0; i < names.size(); ++i) {
      const auto found = std::ranges::find(table, names[i], [](const Names& row) { return row.first; });
      if (found == table.end()) return wrong(node.items[i], "unknown value \"{}\" in {}", names[i], key);
      if (!found->second.empty()) to.emplace_back(found->second);
    }
    return {};
  }

  Result<> tls(const YamlNode& node) {
    TlsSettings tls;
    std::string cert_file, key_file, ca_file;
    const auto done =
        each_key(node, "tls_server_config", [&](std::string_view key, const YamlNode& value) -> Result<bool> {
          if (key == "cert") return known(text(value, key, tls.certificate));
          if (key == "key") return known(text(value, key, tls.key));
          if (key == "client_ca") return known(text(value, key, tls.client_ca));
          if (key == "cert_file") return known(text(value, key, cert_file));
          if (key == "key_file") return known(text(value, key, key_file));
          if (key == "client_ca_file") return known(text(value, key, ca_file));
          if (key == "client_auth_type") return known(one_of(value, key, kClientAuth, tls.client_auth));
          if (key == "client_allowed_sans") return known(texts(value, key, tls.allowed_sans));
          if (key == "min_version") return known(one_of(value, key, kVersions, tls.min_version));
          if (key == "max_version") return known(one_of(value, key, kVersions, tls.max_version));
          if (key == "cipher_suites") return known(translated(value, key, kCiphers, tls.ciphers));
          if (key == "curve_preferences") return known(translated(value, key, kCurves, tls.curves));
          if (key == "prefer_server_cipher_suites") return known(boolean(value, key, tls.prefer_server_ciphers));
          return false;
        });
    if (!done) return done;
    if (node.kind == YamlNode::Kind::nothing)
      return wrong(node, "tls_server_config is empty: leave it out, or give cert_file and key_file");
    const auto file = [&](std::string_view key, const std::string& path, std::string& to) -> Result<> {
      if (path.empty()) return {};
      if (!to.empty()) return wrong(node, "{} and {}_file are both there: one is enough", key, key);
      auto contents = read_whole(resolved(path));
      config_.files.push_back(resolved(path));
      if (!contents) return fail("{}, line {}: {}_file: {}", path_, node.line, key, contents.error().message);
      if (contents->empty()) return wrong(node, "{}_file: {} is empty", key, path);
      to = std::move(*contents);
      return {};
    };
    TRY(file("cert", cert_file, tls.certificate));
    TRY(file("key", key_file, tls.key));
    if (auto warning = key_file.empty() ? std::nullopt : key_too_open(resolved(key_file)))
      config_.warnings.push_back(*std::move(warning));
    TRY(file("client_ca", ca_file, tls.client_ca));
    if (tls.certificate.empty()) return wrong(node, "tls_server_config needs cert_file or cert");
    if (tls.key.empty()) return wrong(node, "tls_server_config needs key_file or key");
    if (tls.min_version > tls.max_version) return wrong(node, "min_version is above max_version");
    const bool verifies =
        tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_and_verify;
    if (verifies && tls.client_ca.empty()) return wrong(node, "client_auth_type needs client_ca_file");
    if (!verifies && !tls.client_ca.empty())
      return wrong(node, "client_ca_file does nothing without client_auth_type: RequireAndVerifyClientCert");
    const bool certain =
        tls.client_auth == ClientAuth::require_any || tls.client_auth == ClientAuth::require_and_verify;
    if (!tls.allowed_sans.empty() && !certain)
      return wrong(node, "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert");
    config_.tls = std::move(tls);
    return {};
  }
  std::string resolved(const std::string& file) const {
    const size_t slash = path_.rfind('/');
    return file.starts_with('/') || slash == std::string::npos ? file : path_.substr(0, slash + 1) + file;
  }

  Result<> http(const YamlNode& node) {
    return each_key(node, "http_server_config", [&](std::string_view key, const YamlNode& value) -> Result<bool> {
      if (key == "http2") return known(boolean(value, key, config_.http2));
      if (key != "headers") return false;
      return known(each_key(value, "headers",
                            [&](std::string_view name, const YamlNode& content) { return header(name, content); }));
    });
  }
  Result<bool> header(std::string_view name, const YamlNode& node) {
    constexpr std::array<std::string_view, 5> kNames = {"Content-Security-Policy", "X-Frame-Options",
                                                        "X-Content-Type-Options", "X-XSS-Protection",
                                                        "Strict-Transport-Security"};
    if (std::ranges::find(kNames, name) == kNames.end()) return false;
    std::string value;
    TRY(text(node, name, value));
    const bool printable = std::ranges::all_of(value, [](char c) { return c >= ' ' && c != '\x7f'; });
    if (!printable || value.size() > kMaxHeaderValue) return wrong(node, "{} is not a text for a header", name);
    if (name == "X-Frame-Options" && !value.empty() && value != "deny" && value != "sameorigin")
      return wrong(node, "X-Frame-Options is deny or sameorigin");
    if (name == "X-Content-Type-Options" && !value.empty() && value != "nosniff")
      return wrong(node, "X-Content-Type-Options is nosniff");
    if (!value.empty()) config_.headers.emplace_back(name, std::move(value));
    return true;
  }

  Result<> users(const YamlNode& node) {
    const auto done =
        each_key(node, "basic_auth_users", [&](std::string_view name, const YamlNode& hash) -> Result<bool> {
          if (name.empty() || name.find(':') != std::string_view::npos)
            return wrong(hash, "\"{}\" cannot be a user: no colon, not empty", name);
          if (!is_bcrypt(hash.text))
            return wrong(hash,
                         "the password of {} is not a bcrypt hash ($2y$10$...): make one with htpasswd -nBC 10 \"\"",
                         name);
          config_.users.push_back({std::string(name), hash.text});
          return true;
        });
    if (!done) return done;
    if (config_.users.size() > kMaxUsers) return wrong(node, "more than {} users", kMaxUsers);
    return {};
  }
  // $2a$, $2b$ or $2y$, a cost of 4 to 31, 53 characters.
  static bool is_bcrypt(std::string_view hash) {
    if (hash.size() != 60 || !hash.starts_with("$2") || std::string_view("aby").find(hash[2]) == std::string_view::npos)
      return false;
    if (hash[3] != '$' || hash[6] != '$') return false;
    unsigned cost = 0;
    const auto [end, error] = std::from_chars(hash.data() + 4, hash.data() + 6, cost);
    if (error != std::errc{} || end != hash.data() + 6 || cost < 4 || cost > 31) return false;
    return std::ranges::all_of(hash.substr(7), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/';
    });
  }

  Result<> rate_limit(const YamlNode& node) {
    RateLimit limit;
    const auto done = each_key(node, "rate_limit", [&](std::string_view key, const YamlNode& value) -> Result<bool> {
      if (key == "interval") {
        const auto interval = parse_duration(value.text);
        if (!interval) return wrong(value, "interval is a duration, like 1s or 500ms");
        limit.interval = *interval;
        return true;
      }
      if (key != "burst") return false;
      const auto [end, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), limit.burst);
      if (error != std::errc{} || end != value.text.data() + value.text.size())
        return wrong(value, "burst is a number of requests");
      return true;
    });
    if (!done) return done;
    if (limit.interval.count() == 0) return {};
    if (limit.burst == 0) return wrong(node, "rate_limit without burst would refuse every request");
    config_.rate_limit = limit;
    return {};
  }

  std::string path_;
  WebConfig config_;
};

}  // namespace

Result<WebConfig> load_web_config(const std::string& path) { return Parser(path).parse(); }

}  // namespace weir::http
