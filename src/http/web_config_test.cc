#include "http/web_config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "http/yaml.h"

namespace weir::http {
namespace {

const std::string kHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

class WebConfigTest : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "weir-web.yml";
  void write(const std::string& text, const std::string& name = "") {
    std::ofstream(name.empty() ? path_ : testing::TempDir() + name) << text;
  }
  Result<WebConfig> load(const std::string& text) {
    write(text);
    return load_web_config(path_);
  }
  std::string error(const std::string& text) {
    const auto config = load(text);
    return config ? "" : config.error().message;
  }
};

TEST_F(WebConfigTest, EveryKey) {
  write("CERT", "weir-cert.pem");
  write("CA", "weir-ca.pem");
  const auto config = load(
      "tls_server_config:\n"
      "  cert_file: weir-cert.pem\n"
      "  key: |\n"
      "    KEY\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_ca_file: " +
      testing::TempDir() +
      "weir-ca.pem\n"
      "  client_allowed_sans: [ a.example, 192.0.2.1 ]\n"
      "  min_version: TLS13\n"
      "  max_version: TLS13\n"
      "  cipher_suites: [ TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256 ]\n"
      "  prefer_server_cipher_suites: false\n"
      "  curve_preferences: [ X25519, CurveP256 ]\n"
      "http_server_config:\n"
      "  http2: true\n"
      "  headers:\n"
      "    X-Frame-Options: deny\n"
      "    Content-Security-Policy: \"default-src 'self'\"\n"
      "    X-XSS-Protection:\n"
      "basic_auth_users:\n"
      "  alice: " +
      kHash +
      "\n"
      "  bob: \"" +
      kHash +
      "\"\n"
      "rate_limit:\n"
      "  interval: 100ms\n"
      "  burst: 5\n");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(config->tls->certificate, "CERT");
  EXPECT_EQ(config->tls->key, "KEY\n");
  EXPECT_EQ(config->tls->client_ca, "CA");
  EXPECT_EQ(config->tls->client_auth, ClientAuth::require_and_verify);
  EXPECT_EQ(config->tls->allowed_sans, (std::vector<std::string>{"a.example", "192.0.2.1"}));
  EXPECT_EQ(config->tls->min_version, TlsVersion::tls13);
  EXPECT_EQ(config->tls->ciphers, std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
  EXPECT_EQ(config->tls->curves, (std::vector<std::string>{"X25519", "P-256"}));
  EXPECT_FALSE(config->tls->prefer_server_ciphers);
  EXPECT_TRUE(config->http2);
  EXPECT_EQ(config->headers.size(), 2U);
  ASSERT_EQ(config->users.size(), 2U);
  EXPECT_EQ(config->users[1].name, "bob");
  ASSERT_TRUE(config->rate_limit);
  EXPECT_EQ(config->rate_limit->interval.count(), 100'000);
  EXPECT_EQ(config->rate_limit->burst, 5U);
  EXPECT_EQ(config->files.size(), 3U);
}

TEST_F(WebConfigTest, AnEmptyFileAsksForNothing) {
  for (const char* const text : {"", "{}\n", "# nothing\n", "basic_auth_users:\n", "rate_limit:\n  interval: 0\n"}) {
    const auto config = load(text);
    ASSERT_TRUE(config) << text << config.error().message;
    EXPECT_FALSE(config->tls);
    EXPECT_TRUE(config->users.empty());
    EXPECT_FALSE(config->rate_limit);
  }
}

TEST_F(WebConfigTest, BadFilesAreRefusedWithTheirLine) {
  struct Row {
    std::string text;
    std::string want;
  };
  const std::string tls = "tls_server_config:\n  cert: C\n  key: K\n";
  const Row rows[] = {
      {"\n\ntls: x\n", "line 3: unknown key \"tls\""},
      {"tls_server_config:\n  cert: C\n  keyfile: x\n", "line 3: unknown key \"keyfile\" in tls_server_config"},
      {"- a\n", "line 1: the file is to be a mapping"},
      {"a: [\n", "line 2"},
      {"a: &x 1\nb: *y\n", "line 2"},
      {"tls_server_config: yes\n", "line 1: tls_server_config is to be a mapping"},
      {"tls_server_config:\n", "tls_server_config is empty"},
      {"tls_server_config: {}\n", "tls_server_config needs cert_file or cert"},
      {"tls_server_config:\n  cert: C\n", "tls_server_config needs key_file or key"},
      {"tls_server_config:\n  key: K\n", "tls_server_config needs cert_file or cert"},
      {tls + "  cert_file: /x\n", "cert and cert_file are both there"},
      {"tls_server_config:\n  cert_file: /nonexistent/c\n  key: K\n", "cannot read /nonexistent/c: No such file"},
      {tls + "  client_auth_type: Always\n", "line 4: client_auth_type cannot be \"Always\""},
      {tls + "  client_auth_type: RequireAndVerifyClientCert\n", "client_auth_type needs client_ca_file"},
      {tls + "  client_ca: X\n", "client_ca_file does nothing"},
      {tls + "  client_allowed_sans: [ x ]\n", "client_allowed_sans needs"},
      {tls + "  min_version: SSL30\n", "line 4: min_version cannot be \"SSL30\""},
      {tls + "  min_version: TLS13\n  max_version: TLS12\n", "min_version is above max_version"},
      {tls + "  cipher_suites: [ TLS_RSA_WITH_RC4_128_SHA ]\n",
       "line 4: unknown value \"TLS_RSA_WITH_RC4_128_SHA\" in cipher_suites"},
      {tls + "  cipher_suites: X\n", "cipher_suites is to be a list"},
      {tls + "  curve_preferences: [ P1 ]\n", "unknown value \"P1\""},
      {tls + "  prefer_server_cipher_suites: 1\n", "line 4: prefer_server_cipher_suites is to be true or false"},
      {tls + "  cert: D\n", "line 4: cert is there twice"},
      {tls + "  key: [ a ]\n", "key is"},
      {"http_server_config:\n  http3: true\n", "unknown key \"http3\""},
      {"http_server_config:\n  headers:\n    Set-Cookie: x\n", "line 3: unknown key \"Set-Cookie\""},
      {"http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
       "line 3: X-Frame-Options is deny or sameorigin"},
      {"http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n", "X-Content-Type-Options is nosniff"},
      {"http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\r\\nSet-Cookie: b\"\n", "not a text for a header"},
      {"basic_auth_users:\n  alice: secret\n", "line 2: the password of alice is not a bcrypt hash"},
      {"basic_auth_users:\n  alice:\n", "not a bcrypt hash"},
      {"basic_auth_users:\n  alice: $2y$99$" + kHash.substr(7) + "\n", "not a bcrypt hash"},
      {"basic_auth_users:\n  alice: $1$" + kHash.substr(3) + "\n", "not a bcrypt hash"},
      {"basic_auth_users:\n  \"a:b\": " + kHash + "\n", "cannot be a user"},
      {"basic_auth_users:\n  a: " + kHash + "\n  a: " + kHash + "\n", "line 3: a is there twice"},
      {"rate_limit:\n  interval: soon\n  burst: 1\n", "line 2: interval is a duration"},
      {"rate_limit:\n  interval: 1s\n", "rate_limit without burst"},
      {"rate_limit:\n  interval: 1s\n  burst: -1\n", "line 3: burst is a number"},
      {"{}\n---\n{}\n", "second document"},
      {"a: " + std::string(100, '[') + std::string(100, ']') + "\n", "nested too deeply"},
      {"a: \xff\xfe\n", "line"},
  };
  for (const Row& row : rows) {
    const std::string message = error(row.text);
    EXPECT_NE(message.find(row.want), std::string::npos) << row.text << "\n-> " << message;
    EXPECT_NE(message.find(path_), std::string::npos) << message;
  }
}

TEST_F(WebConfigTest, ManyNodesByAliasesAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 7; ++i) {
    text += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 9; ++j) text += fmt::format("{}*a{}", j > 0 ? ", " : "", i - 1);
    text += "]\n";
  }
  EXPECT_NE(error(text), "");
  EXPECT_NE(error("a: &a [*a]\n"), "");
}

TEST_F(WebConfigTest, FilesThatCannotBeRead) {
  EXPECT_FALSE(load_web_config("/nonexistent/web.yml"));
  EXPECT_FALSE(load_web_config(testing::TempDir()));
  EXPECT_NE(error(std::string(size_t{2} << 20, '#')), "");
}

}  // namespace
}  // namespace weir::http
