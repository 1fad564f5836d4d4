// TLS, passwords and their reload, with a real client. Certificates are made here.
#include "http/protection.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <deque>
#include <fstream>

#include "http/test_client.h"

namespace weir::http {
namespace {

constexpr std::string_view kScrape = "up 1\n";

// ---- certificates ----

struct Pem {
  std::string certificate;
  std::string key;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

// Its own authority.
Pem make_certificate(const std::string& name, const char* sans) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600 * 24);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, subject);
  if (sans != nullptr) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, sans);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  Pem pem;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  pem.certificate = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  pem.key = text_of(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

// ---- a client ----

class TlsClient {
 public:
  explicit TlsClient(uint16_t port, const Pem* own = nullptr, int max_version = 0)
      : tcp_(port), context_(SSL_CTX_new(TLS_client_method())) {
    if (max_version != 0) SSL_CTX_set_max_proto_version(context_, max_version);
    if (own != nullptr) {
      BIO* bio = BIO_new_mem_buf(own->certificate.data(), static_cast<int>(own->certificate.size()));
      X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
      SSL_CTX_use_certificate(context_, certificate);
      X509_free(certificate);
      BIO_free(bio);
      bio = BIO_new_mem_buf(own->key.data(), static_cast<int>(own->key.size()));
      EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
      SSL_CTX_use_PrivateKey(context_, key);
      EVP_PKEY_free(key);
      BIO_free(bio);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, tcp_.fd());
    connected_ = SSL_connect(ssl_) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ERR_clear_error();
  }
  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(ssl_); }
  std::string server_name() const {
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    std::array<char, 100> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    X509_free(certificate);
    return name.data();
  }
  std::string ask(const std::string& request) {
    if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) <= 0) return {};
    std::string all;
    std::array<char, 16384> piece;
    for (int got = 0; (got = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()))) > 0;)
      all.append(piece.data(), static_cast<size_t>(got));
    return all;
  }
  TestClient& tcp() { return tcp_; }

 private:
  TestClient tcp_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

std::string get(const std::string& fields = "", const std::string& target = "/metrics") {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n";
}

std::string base64(std::string_view text) {
  std::string out(text.size() * 2 + 4, '\0');
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  out.resize(static_cast<size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(text.size()))));
  return out;
}
std::string basic(std::string_view credentials) { return "Authorization: Basic " + base64(credentials) + "\r\n"; }

// Cheap: 2^4 rounds.
std::string bcrypt(const std::string& password, const char* prefix = "$2b$") {
  crypt_data scratch{};
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> salt{};
  CHECK(crypt_gensalt_rn(prefix, 4, "0123456789abcdef", 16, salt.data(), static_cast<int>(salt.size())) != nullptr);
  return crypt_rn(password.c_str(), salt.data(), &scratch, sizeof(scratch));
}

void serve(const Request& request, Responder respond) {
  static const auto large = std::make_shared<const std::string>(size_t{3} << 20, 'x');
  if (request.path == "/large") return respond({.body = large});
  if (request.path != "/metrics") return respond({.status = 404, .body = Body::literal("not found\n")});
  respond({.body = Body::literal(kScrape)});
}

class ProtectionTest : public testing::Test {
 protected:
  // The client's, for which OpenSSL writes without MSG_NOSIGNAL; the server's thread blocks it itself.
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
  void TearDown() override { std::signal(SIGPIPE, SIG_DFL); }
  void write(const std::string& text, const std::string& name = "web.yml") {
    const std::string path = folder_ + name;
    std::ofstream(path + ".new") << text;
    CHECK(std::rename((path + ".new").c_str(), path.c_str()) == 0);
  }
  void write_pem(const Pem& pem) {
    write(pem.certificate, "cert.pem");
    write(pem.key, "key.pem");
  }
  Server::Options options() const {
    Server::Options options;
    options.web_config = folder_ + "web.yml";
    return options;
  }
  // On the server's thread; the error, if any.
  static std::string reload(TestServer& server) {
    std::promise<std::string> promise;
    server.server().post([&] {
      const auto done = server.server().reload_web_config();
      promise.set_value(done ? "" : done.error().message);
    });
    return promise.get_future().get();
  }
  static std::string ask(uint16_t port, const std::string& request) {
    TestClient client(port);
    client.send(request);
    return client.receive_all();
  }
  static unsigned status_of(uint16_t port, const std::string& fields) {
    return TestClient::status(ask(port, get(fields)));
  }

  std::string folder_ = [] {
    std::string pattern = testing::TempDir() + "weir-http-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    return pattern + "/";
  }();
  const std::string tls_ = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";
};

// ---- TLS ----

TEST_F(ProtectionTest, ScrapesOverTls) {
  write_pem(make_certificate("first", nullptr));
  write(tls_);
  TestServer server(options(), serve);
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.3");
  const std::string answer = client.ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" + get("", "/large"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(answer.find(kScrape), std::string::npos);
  EXPECT_GT(answer.size(), size_t{3} << 20);
  TlsClient older(server.port(), nullptr, TLS1_2_VERSION);
  EXPECT_EQ(older.version(), "TLSv1.2");
  EXPECT_EQ(TestClient::status(older.ask(get())), 200U);
  TlsClient oldest(server.port(), nullptr, TLS1_1_VERSION);
  EXPECT_FALSE(oldest.connected());
}

TEST_F(ProtectionTest, NothingIsServedInTheClear) {
  write_pem(make_certificate("first", nullptr));
  write(tls_);
  Server::Options with_deadline = options();
  with_deadline.limits.handshake = std::chrono::milliseconds(50);
  TestServer server(std::move(with_deadline), serve);
  EXPECT_EQ(ask(server.port(), get()).find("HTTP/1.1"), std::string::npos);
  TestClient silent(server.port());
  EXPECT_EQ(silent.receive_all(), "");
  TestClient cut(server.port());
  cut.send("\x16\x03\x01\x02");
  cut.reset();
  TlsClient client(server.port());
  EXPECT_EQ(TestClient::status(client.ask(get())), 200U);
  const ServerCounters c = server.counters();
  EXPECT_GE(c.closed[static_cast<size_t>(CloseReason::handshake_failed)], 1U);
  EXPECT_EQ(c.closed[static_cast<size_t>(CloseReason::handshake_timeout)], 1U);
}

TEST_F(ProtectionTest, VersionsCiphersAndCurves) {
  write_pem(make_certificate("first", nullptr));
  write(tls_ +
        "  max_version: TLS12\n  cipher_suites: [ TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 ]\n  "
        "curve_preferences: [ CurveP384 ]\n");
  TestServer server(options(), serve);
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.2");
}

TEST_F(ProtectionTest, ClientsByCertificate) {
  const Pem good = make_certificate("good", "DNS:scraper.example,IP:192.0.2.1");
  const Pem other = make_certificate("other", "DNS:scraper.example");
  const Pem unnamed = make_certificate("unnamed", nullptr);
  write_pem(make_certificate("server", nullptr));
  write(good.certificate + unnamed.certificate, "ca.pem");
  const auto served = [](TestServer& server, const Pem* own) {
    TlsClient client(server.port(), own);
    return client.connected() && TestClient::status(client.ask(get())) == 200;
  };
  {
    write(tls_ + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n");
    TestServer server(options(), serve);
    EXPECT_TRUE(served(server, &good));
    EXPECT_TRUE(served(server, &unnamed));
    EXPECT_FALSE(served(server, &other));
    EXPECT_FALSE(served(server, nullptr));
  }
  for (const std::string name : {"scraper.example", "192.0.2.1"}) {
    write(tls_ + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [ " +
          name + " ]\n");
    TestServer server(options(), serve);
    EXPECT_TRUE(served(server, &good)) << name;
    EXPECT_FALSE(served(server, &unnamed)) << name;
  }
  {
    write(tls_ + "  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n");
    TestServer server(options(), serve);
    EXPECT_TRUE(served(server, &good));
    EXPECT_TRUE(served(server, nullptr));
    EXPECT_FALSE(served(server, &other));
  }
  {
    write(tls_ + "  client_auth_type: RequireAnyClientCert\n");
    TestServer server(options(), serve);
    EXPECT_TRUE(served(server, &other));
    EXPECT_FALSE(served(server, nullptr));
  }
}

TEST_F(ProtectionTest, BadCertificatesAreRefusedAtTheStart) {
  const Pem first = make_certificate("first", nullptr);
  const Pem second = make_certificate("second", nullptr);
  const auto error = [&](const Pem& pem, const std::string& more = "") {
    write_pem(pem);
    write(tls_ + more);
    const auto protection = Protection::load(folder_ + "web.yml");
    return protection ? std::string() : protection.error().message;
  };
  EXPECT_EQ(error(first), "");
  EXPECT_NE(error({first.certificate, second.key}).find("the key is not that of the certificate"), std::string::npos);
  EXPECT_NE(error({"x", first.key}).find("no certificate in PEM form"), std::string::npos);
  EXPECT_NE(error({first.certificate, "x"}).find("no private key in PEM form"), std::string::npos);
  EXPECT_NE(error(first, "  client_ca: x\n  client_auth_type: VerifyClientCertIfGiven\n").find("client_ca"),
            std::string::npos);
}

// ---- reload ----

TEST_F(ProtectionTest, NewCertificatesAreTakenBadOnesAreNot) {
  write_pem(make_certificate("first", nullptr));
  write(tls_);
  TestServer server(options(), serve);
  EXPECT_EQ(TlsClient(server.port()).server_name(), "first");
  write_pem(make_certificate("second", nullptr));
  EXPECT_EQ(reload(server), "");
  EXPECT_EQ(TlsClient(server.port()).server_name(), "second");
  // Half of a pair.
  const Pem third = make_certificate("third", nullptr);
  write(third.certificate, "cert.pem");
  EXPECT_NE(reload(server), "");
  EXPECT_EQ(TlsClient(server.port()).server_name(), "second");
  write(third.key, "key.pem");
  EXPECT_EQ(reload(server), "");
  EXPECT_EQ(TlsClient(server.port()).server_name(), "third");
  const ServerCounters c = server.counters();
  EXPECT_EQ(c.config_reloads, 2U);
  EXPECT_EQ(c.config_reload_failures, 1U);
}

TEST_F(ProtectionTest, ProtectionIsNeverTakenAwayByAReload) {
  write_pem(make_certificate("first", nullptr));
  const std::string users = "basic_auth_users:\n  alice: " + bcrypt("right") + "\n";
  write(tls_ + users);
  TestServer server(options(), serve);
  for (const std::string& bad : {std::string(), std::string("{}\n"), tls_, users, std::string("nonsense: 1\n"),
                                 tls_ + "basic_auth_users: {}\n"}) {
    write(bad);
    EXPECT_NE(reload(server), "") << bad;
    TlsClient client(server.port());
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(TestClient::status(client.ask(get())), 401U) << bad;
  }
  ASSERT_EQ(std::remove((folder_ + "web.yml").c_str()), 0);
  EXPECT_NE(reload(server), "");
  TlsClient client(server.port());
  EXPECT_EQ(TestClient::status(client.ask(get(basic("alice:right")))), 200U);
}

TEST_F(ProtectionTest, OpenConnectionsDoNotKeepFormerRules) {
  write("basic_auth_users:\n  alice: " + bcrypt("right") + "\n");
  TestServer server(options(), serve);
  TestClient idle(server.port());
  idle.send("GET /metrics HTTP/1.1\r\nHost: x\r\n" + basic("alice:right") + "\r\n");
  EXPECT_EQ(TestClient::status(idle.receive_answer()), 200U);
  write("basic_auth_users:\n  alice: " + bcrypt("new") + "\n");
  EXPECT_EQ(reload(server), "");
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_EQ(status_of(server.port(), basic("alice:right")), 401U);
  EXPECT_EQ(status_of(server.port(), basic("alice:new")), 200U);
}

// ---- passwords ----

TEST_F(ProtectionTest, UsersAndPasswords) {
  write("basic_auth_users:\n  alice: " + bcrypt("right") + "\n  bob: " + bcrypt("other", "$2y$") +
        "\n  carol: " + bcrypt("a:b:c", "$2a$") + "\n  dave: " + bcrypt("") + "\n");
  TestServer server(options(), serve);
  const uint16_t port = server.port();
  EXPECT_EQ(status_of(port, basic("alice:right")), 200U);
  EXPECT_EQ(status_of(port, basic("alice:right")), 200U);
  EXPECT_EQ(status_of(port, basic("bob:other")), 200U);
  EXPECT_EQ(status_of(port, basic("carol:a:b:c")), 200U);
  EXPECT_EQ(status_of(port, basic("dave:")), 200U);
  EXPECT_EQ(status_of(port, "authorization: bAsIc " + base64("bob:other") + "\r\n"), 200U);
  for (const std::string_view wrong : {"alice:wrong", "alice:", "bob:right", "nobody:right", ":right", "dave:x"})
    EXPECT_EQ(status_of(port, basic(wrong)), 401U) << wrong;
  // Without a hash being computed.
  for (const std::string& odd :
       {std::string(), std::string("Authorization: Basic\r\n"), std::string("Authorization: Basic !!!!\r\n"),
        std::string("Authorization: Bearer x\r\n"), basic("alice"), basic(std::string_view("alice:right\0x", 13)),
        basic(std::string(600, 'a') + ":b"), std::string("Authorization: Basic ===\r\n")}) {
    EXPECT_EQ(status_of(port, odd), 401U) << odd;
  }
  const std::string denied = ask(port, get());
  EXPECT_EQ(TestClient::field(denied, "WWW-Authenticate"), "Basic realm=\"metrics\", charset=\"UTF-8\"");
  EXPECT_EQ(denied.find(kScrape), std::string::npos);
  // Nor is anything else told without a password.
  EXPECT_EQ(TestClient::status(ask(port, get("", "/none"))), 401U);
  EXPECT_EQ(TestClient::status(ask(port, "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), 401U);
}

// CVE-2022-46146: what is remembered must not be reachable by other pairs of the same bytes.
TEST_F(ProtectionTest, RememberedPasswordsAreOfTheirUser) {
  write("basic_auth_users:\n  ab: " + bcrypt("cd") + "\n  a: " + bcrypt("x") + "\n  abc: " + bcrypt("y") + "\n");
  TestServer server(options(), serve);
  EXPECT_EQ(status_of(server.port(), basic("ab:cd")), 200U);
  EXPECT_EQ(status_of(server.port(), basic("a:bcd")), 401U);
  EXPECT_EQ(status_of(server.port(), basic("abc:d")), 401U);
  EXPECT_EQ(status_of(server.port(), basic("ab:cd")), 200U);
}

TEST_F(ProtectionTest, GuessesAreLimitedButNobodyIsLockedOut) {
  write("basic_auth_users:\n  alice: " + bcrypt("right") + "\n");
  TestServer server(options(), serve);
  EXPECT_EQ(status_of(server.port(), basic("alice:right")), 200U);
  unsigned denied = 0;
  std::string limited;
  for (int i = 0; i < 40; ++i) {
    const std::string answer = ask(server.port(), get(basic("alice:guess" + std::to_string(i))));
    if (TestClient::status(answer) == 401) ++denied;
    if (TestClient::status(answer) == 429) limited = answer;
  }
  EXPECT_GE(denied, 5U);
  EXPECT_LT(denied, 40U);
  EXPECT_FALSE(TestClient::field(limited, "Retry-After").empty());
  EXPECT_EQ(status_of(server.port(), basic("alice:right")), 200U);
  const ServerCounters c = server.counters();
  EXPECT_GT(c.refused[static_cast<size_t>(Refusal::rate_limit)], 0U);
  EXPECT_GT(c.refused[static_cast<size_t>(Refusal::authentication)], 0U);
}

TEST_F(ProtectionTest, ManyGuessesAtOnceDoNotDelayScrapes) {
  write("basic_auth_users:\n  alice: " + bcrypt("right") + "\n");
  TestServer server(options(), serve);
  EXPECT_EQ(status_of(server.port(), basic("alice:right")), 200U);
  std::deque<TestClient> guessers;
  for (int i = 0; i < 100; ++i) guessers.emplace_back(server.port()).send(get(basic("alice:" + std::to_string(i))));
  EXPECT_EQ(status_of(server.port(), basic("alice:right")), 200U);
  for (TestClient& guesser : guessers) {
    const unsigned status = TestClient::status(guesser.receive_all());
    EXPECT_TRUE(status == 401 || status == 429) << status;
  }
}

TEST_F(ProtectionTest, TheServerEndsWhilePasswordsAreChecked) {
  write("basic_auth_users:\n  alice: " + bcrypt("right") + "\n");
  for (int i = 0; i < 20; ++i) {
    TestServer server(options(), serve);
    TestClient client(server.port());
    client.send(get(basic("alice:wrong")));
  }
}

// ---- fields and rates ----

TEST_F(ProtectionTest, FieldsOfEveryAnswerAndRates) {
  write(
      "http_server_config:\n  headers:\n    X-Content-Type-Options: nosniff\nrate_limit:\n  interval: 1h\n  burst: "
      "2\n");
  TestServer server(options(), serve);
  const std::string answer = ask(server.port(), get());
  EXPECT_EQ(TestClient::field(answer, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(TestClient::body(answer), kScrape);
  EXPECT_EQ(status_of(server.port(), ""), 200U);
  const std::string limited = ask(server.port(), get());
  EXPECT_EQ(TestClient::status(limited), 429U);
  EXPECT_EQ(TestClient::field(limited, "X-Content-Type-Options"), "nosniff");
}

TEST_F(ProtectionTest, ABadFileIsNamedAtTheStart) {
  write("x: 1\n");
  Server::Options bad = options();
  bad.listen = {"127.0.0.1:0"};
  const auto server = Server::create(std::move(bad), serve);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("web.yml, line 1: unknown key \"x\""), std::string::npos)
      << server.error().message;
}

}  // namespace
}  // namespace weir::http
