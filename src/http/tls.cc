#include "http/tls.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "http/openssl.h"

namespace weir::http {
namespace {

constexpr int proto(TlsVersion version) {
  constexpr std::array kNumbers = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kNumbers[static_cast<size_t>(version)];
}

int no_password(char*, int, int, void*) { return -1; }
int accept_any(int, X509_STORE_CTX*) { return 1; }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ":") + name;
  return text;
}

class OpenSslSession : public TlsSession {
 public:
  OpenSslSession(const OpenSsl& lib, SSL* ssl, std::shared_ptr<const std::vector<std::string>> sans)
      : lib_(lib), ssl_(ssl), sans_(std::move(sans)) {}
  ~OpenSslSession() override { lib_.SSL_free(ssl_); }

  IoResult handshake() override {
    lib_.ERR_clear_error();
    const int status = lib_.SSL_do_handshake(ssl_);
    if (status == 1 && !sans_->empty() && !name_allowed()) return broken();
    return result(status, 0);
  }
  IoResult read(std::span<char> room) override {
    lib_.ERR_clear_error();
    size_t bytes = 0;
    const int status = lib_.SSL_read_ex(ssl_, room.data(), room.size(), &bytes);
    return result(status, bytes);
  }
  IoResult write(std::string_view bytes) override {
    lib_.ERR_clear_error();
    size_t written = 0;
    const int status = lib_.SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
    return result(status, written);
  }
  void shut_down() override {
    if (broken_ || lib_.SSL_in_init(ssl_) != 0) return;
    lib_.ERR_clear_error();
    lib_.SSL_shutdown(ssl_);
    lib_.ERR_clear_error();
  }

 private:
  IoResult result(int status, size_t bytes) {
    if (status == 1) return {IoResult::Status::done, bytes};
    switch (lib_.SSL_get_error(ssl_, status)) {
      case SSL_ERROR_WANT_READ:
        return {IoResult::Status::want_read, 0};
      case SSL_ERROR_WANT_WRITE:
        return {IoResult::Status::want_write, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {IoResult::Status::end, 0};
      default:
        lib_.ERR_clear_error();
        return broken();
    }
  }
  IoResult broken() {
    broken_ = true;
    return {};
  }

  // Whether the client's certificate has one of the names (dNSName, rfc822Name, URI, iPAddress) that may connect.
  bool name_allowed() const {
    const std::unique_ptr<X509, decltype(lib_.X509_free)> certificate(lib_.SSL_get1_peer_certificate(ssl_),
                                                                      lib_.X509_free);
    if (!certificate) return false;
    auto* const names =
        static_cast<GENERAL_NAMES*>(lib_.X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
    if (names == nullptr) return false;
    const std::unique_ptr<GENERAL_NAMES, decltype(lib_.GENERAL_NAMES_free)> owner(names, lib_.GENERAL_NAMES_free);
    const auto* const stack = reinterpret_cast<const OPENSSL_STACK*>(names);  // as the macros of OpenSSL do
    for (int i = 0; i < lib_.OPENSSL_sk_num(stack); ++i) {
      const auto* const name = static_cast<const GENERAL_NAME*>(lib_.OPENSSL_sk_value(stack, i));
      if (std::ranges::find(*sans_, text_of(*name)) != sans_->end()) return true;
    }
    return false;
  }
  std::string text_of(const GENERAL_NAME& name) const {
    const bool address = name.type == GEN_IPADD;
    if (!address && name.type != GEN_DNS && name.type != GEN_EMAIL && name.type != GEN_URI)
      return "\n";                                // matches no name
    const ASN1_STRING* const value = name.d.ia5;  // the same type for all of them
    const auto* const bytes = lib_.ASN1_STRING_get0_data(value);
    const auto length = static_cast<size_t>(lib_.ASN1_STRING_length(value));
    if (!address) return std::string(bytes, bytes + length);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (length != 4 && length != 16) return "\n";
    ::inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
  }

  const OpenSsl& lib_;
  SSL* ssl_;
  std::shared_ptr<const std::vector<std::string>> sans_;
  bool broken_ = false;
};

class OpenSslContext : public TlsContext {
 public:
  explicit OpenSslContext(const OpenSsl& lib) : lib_(lib), context_(lib.SSL_CTX_new(lib.TLS_server_method())) {}
  ~OpenSslContext() override { lib_.SSL_CTX_free(context_); }

  Result<> configure(const TlsSettings& settings) {
    if (context_ == nullptr) return wrong("OpenSSL cannot make a context");
    sans_ = std::make_shared<const std::vector<std::string>>(settings.allowed_sans);
    control(SSL_CTRL_SET_MIN_PROTO_VERSION, proto(settings.min_version));
    control(SSL_CTRL_SET_MAX_PROTO_VERSION, proto(settings.max_version));
    uint64_t options =
        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF;
    if (settings.prefer_server_ciphers) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    lib_.SSL_CTX_set_options(context_, options);
    // No session outlives its connection. A quiet connection keeps no buffers (34 KB).
    control(SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF);
    control(SSL_CTRL_MODE,
            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    TRY(set_algorithms(settings));
    TRY(use_certificate(settings.certificate));
    TRY(use_key(settings.key));
    TRY(trust(settings.client_ca));
    switch (settings.client_auth) {
      case ClientAuth::none:
        lib_.SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
        break;
      case ClientAuth::request:
        lib_.SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, accept_any);
        break;
      case ClientAuth::require_any:
        lib_.SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
        break;
      case ClientAuth::verify_if_given:
        lib_.SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        break;
      case ClientAuth::require_and_verify:
        lib_.SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return {};
  }

  std::unique_ptr<TlsSession> session(int fd) override {
    SSL* const ssl = lib_.SSL_new(context_);
    if (ssl == nullptr) return nullptr;
    auto session = std::make_unique<OpenSslSession>(lib_, ssl, sans_);
    if (lib_.SSL_set_fd(ssl, fd) != 1) return nullptr;
    lib_.SSL_set_accept_state(ssl);
    return session;
  }

 private:
  long control(int command, long value, void* pointer = nullptr) {
    return lib_.SSL_CTX_ctrl(context_, command, value, pointer);
  }
  // Adds OpenSSL's first error, which is the cause of the others.
  std::unexpected<Error> wrong(std::string_view what) const {
    const char* const reason = lib_.ERR_reason_error_string(lib_.ERR_get_error());
    lib_.ERR_clear_error();
    return fail("tls_server_config: {}{}{}", what, reason == nullptr ? "" : ": ", reason == nullptr ? "" : reason);
  }

  Result<> set_algorithms(const TlsSettings& settings) {
    std::string ciphers = joined(settings.ciphers);
    // OpenSSL's default security level forbids TLS below 1.2, which is allowed if it is asked for by name.
    if (settings.min_version < TlsVersion::tls12) ciphers = (ciphers.empty() ? "DEFAULT" : ciphers) + ":@SECLEVEL=0";
    if (!ciphers.empty() && lib_.SSL_CTX_set_cipher_list(context_, ciphers.c_str()) != 1) return wrong("cipher_suites");
    std::string curves = joined(settings.curves);
    if (!curves.empty() && control(SSL_CTRL_SET_GROUPS_LIST, 0, curves.data()) != 1) return wrong("curve_preferences");
    return {};
  }

  using Bio = std::unique_ptr<BIO, decltype(OpenSsl::BIO_free)>;
  using Certificate = std::unique_ptr<X509, decltype(OpenSsl::X509_free)>;
  Bio reader(const std::string& pem) const {
    return Bio(lib_.BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), lib_.BIO_free);
  }
  Certificate next_certificate(BIO* bio) const {
    return Certificate(lib_.PEM_read_bio_X509(bio, nullptr, no_password, nullptr), lib_.X509_free);
  }

  Result<> use_certificate(const std::string& pem) {
    lib_.ERR_clear_error();
    const Bio bio = reader(pem);
    const Certificate own = next_certificate(bio.get());
    if (!own) return wrong("cert: no certificate in PEM form");
    if (lib_.SSL_CTX_use_certificate(context_, own.get()) != 1) return wrong("cert");
    // Those that lead to its authority.
    for (Certificate each = next_certificate(bio.get()); each; each = next_certificate(bio.get())) {
      if (control(SSL_CTRL_CHAIN_CERT, 1, each.get()) != 1) return wrong("cert");
    }
    lib_.ERR_clear_error();  // the end of the text
    return {};
  }
  Result<> use_key(const std::string& pem) {
    const Bio bio = reader(pem);
    const std::unique_ptr<EVP_PKEY, decltype(lib_.EVP_PKEY_free)> key(
        lib_.PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr), lib_.EVP_PKEY_free);
    if (!key) return wrong("key: no private key in PEM form without a password");
    if (lib_.SSL_CTX_use_PrivateKey(context_, key.get()) != 1 || lib_.SSL_CTX_check_private_key(context_) != 1) {
      return wrong("the key is not that of the certificate");
    }
    return {};
  }
  Result<> trust(const std::string& pem) {
    if (pem.empty()) return {};
    const Bio bio = reader(pem);
    size_t count = 0;
    for (Certificate each = next_certificate(bio.get()); each; each = next_certificate(bio.get())) {
      if (lib_.X509_STORE_add_cert(lib_.SSL_CTX_get_cert_store(context_), each.get()) != 1) return wrong("client_ca");
      lib_.SSL_CTX_add_client_CA(context_, each.get());
      ++count;
    }
    if (count == 0) return wrong("client_ca: no certificate in PEM form");
    lib_.ERR_clear_error();
    return {};
  }

  const OpenSsl& lib_;
  SSL_CTX* context_;
  std::shared_ptr<const std::vector<std::string>> sans_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsSettings& settings) {
  const auto library = TRY(load_openssl("tls_server_config"));
  auto context = std::make_shared<OpenSslContext>(*library);
  TRY(context->configure(settings));
  return context;
}

}  // namespace weir::http
