#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/check.h"
#include "base/ip_address.h"

namespace weir::net {
namespace {

using File = TlsProblem::File;

// The first thing that OpenSSL found wrong, which is the cause of the others; empties its list.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

std::unexpected<TlsProblem> problem(File file, std::string message) {
  return std::unexpected(TlsProblem{file, std::move(message)});
}

// OpenSSL says little about a file that it cannot open.
std::expected<void, TlsProblem> check_readable(File kind, const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file || (std::fgetc(file.get()) == EOF && std::ferror(file.get()) != 0)) {
    return problem(kind, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return {};
}

// Nobody is there to be asked for a password.
int no_password(char*, int, int, void*) { return -1; }

Timestamp end_of(const X509* certificate) {
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return {};
  return timestamp_from_us(int64_t{timegm(&end)} * 1'000'000);
}

}  // namespace

void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

TlsContext::TlsContext(ssl_ctx_st* context) : context_(context, SSL_CTX_free) {
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // What nobody needs is off: it could only be attacked. An exporter may leave without a word (close_notify): the
  // lengths of its messages say what is missing.
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // A quiet connection keeps no buffers (34 KiB each); several small records are read at once.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_password);
}

std::expected<TlsContext, TlsProblem> TlsContext::server(const TlsServerFiles& files) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  TRY(context.use_own(files.certificate, files.key));
  if (files.client_ca.empty()) return context;
  TRY(context.trust(files.client_ca));
  SSL_CTX_set_client_CA_list(context.context_.get(), SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(context.context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

std::expected<TlsContext, TlsProblem> TlsContext::client(const TlsClientOptions& options) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!options.certificate.empty() || !options.key.empty()) TRY(context.use_own(options.certificate, options.key));
  if (options.insecure) return context;
  SSL_CTX_set_verify(context.context_.get(), SSL_VERIFY_PEER, nullptr);
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context.context_.get());
  } else {
    TRY(context.trust(options.ca));
  }
  return context;
}

std::expected<void, TlsProblem> TlsContext::use_own(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  if (auto readable = check_readable(File::certificate, certificate); !readable) return readable;
  if (SSL_CTX_use_certificate_chain_file(context_.get(), certificate.c_str()) != 1) {
    return problem(File::certificate,
                   fmt::format("{} holds no certificate in PEM form ({})", certificate, openssl_reason()));
  }
  if (auto readable = check_readable(File::key, key); !readable) return readable;
  if (SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH) {
      ERR_clear_error();
      return problem(File::key, fmt::format("the key in {} is not that of the certificate in {}", key, certificate));
    }
    return problem(File::key,
                   fmt::format("{} holds no private key in PEM form without a password ({})", key, openssl_reason()));
  }
  if (SSL_CTX_check_private_key(context_.get()) != 1) {
    ERR_clear_error();
    return problem(File::key, fmt::format("the key in {} is not that of the certificate in {}", key, certificate));
  }
  ends_ = end_of(SSL_CTX_get0_certificate(context_.get()));
  return {};
}

std::expected<void, TlsProblem> TlsContext::trust(const std::string& ca) {
  ERR_clear_error();
  if (auto readable = check_readable(File::ca, ca); !readable) return readable;
  if (SSL_CTX_load_verify_file(context_.get(), ca.c_str()) != 1) {
    return problem(File::ca, fmt::format("{} holds no certificate in PEM form ({})", ca, openssl_reason()));
  }
  return {};
}

void TlsChannel::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsChannel TlsChannel::server(const TlsContext& context, int fd) {
  TlsChannel channel(SSL_new(context.context_.get()));
  CHECK(channel.ssl_ != nullptr && SSL_set_fd(channel.ssl_.get(), fd) == 1);
  SSL_set_accept_state(channel.ssl_.get());
  return channel;
}

TlsChannel TlsChannel::client(const TlsContext& context, int fd, const std::string& host) {
  TlsChannel channel(SSL_new(context.context_.get()));
  ssl_st* ssl = channel.ssl_.get();
  CHECK(ssl != nullptr && SSL_set_fd(ssl, fd) == 1);
  SSL_set_connect_state(ssl);
  if (IpAddress::parse(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  return channel;
}

Io TlsChannel::handshake() {
  ERR_clear_error();
  return result(SSL_do_handshake(ssl_.get()), 0);
}

Io TlsChannel::read(std::span<uint8_t> into) {
  ERR_clear_error();
  size_t bytes = 0;
  const int status = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return result(status, bytes);
}

Io TlsChannel::write(ByteView bytes) {
  ERR_clear_error();
  size_t written = 0;
  const int status = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  return result(status, written);
}

Io TlsChannel::result(int status, size_t bytes) {
  if (status == 1) return {IoStatus::done, bytes};
  const int code = errno;
  switch (SSL_get_error(ssl_.get(), status)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::want_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::want_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::end, 0};
    case SSL_ERROR_SYSCALL:
      error_ = code == 0 ? "the connection was closed" : std::strerror(code);
      break;
    default: {
      error_ = openssl_reason();
      const long verified = SSL_get_verify_result(ssl_.get());
      if (verified != X509_V_OK) error_ += fmt::format(": {}", X509_verify_cert_error_string(verified));
      break;
    }
  }
  broken_ = true;  // OpenSSL does not allow to go on after such an error
  return {IoStatus::failed, 0};
}

void TlsChannel::close() {
  if (broken_ || SSL_in_init(ssl_.get()) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsChannel::record_incomplete() const { return SSL_has_pending(ssl_.get()) == 1; }

std::string TlsChannel::version() const { return SSL_get_version(ssl_.get()); }

}  // namespace weir::net
