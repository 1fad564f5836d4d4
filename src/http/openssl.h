// The functions of OpenSSL 3 that TLS and passwords use, loaded on first use (base/lazy_library.h).
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/result.h"

namespace weir::http {

#define WEIR_SSL_FUNCTIONS(X)  \
  X(TLS_server_method)         \
  X(SSL_CTX_new)               \
  X(SSL_CTX_free)              \
  X(SSL_CTX_ctrl)              \
  X(SSL_CTX_set_options)       \
  X(SSL_CTX_set_verify)        \
  X(SSL_CTX_set_cipher_list)   \
  X(SSL_CTX_use_certificate)   \
  X(SSL_CTX_use_PrivateKey)    \
  X(SSL_CTX_check_private_key) \
  X(SSL_CTX_get_cert_store)    \
  X(SSL_CTX_add_client_CA)     \
  X(SSL_new)                   \
  X(SSL_free)                  \
  X(SSL_set_fd)                \
  X(SSL_set_accept_state)      \
  X(SSL_do_handshake)          \
  X(SSL_read_ex)               \
  X(SSL_write_ex)              \
  X(SSL_get_error)             \
  X(SSL_in_init)               \
  X(SSL_shutdown)              \
  X(SSL_get1_peer_certificate)
#define WEIR_CRYPTO_FUNCTIONS(X) \
  X(ERR_clear_error)             \
  X(ERR_get_error)               \
  X(ERR_reason_error_string)     \
  X(BIO_new_mem_buf)             \
  X(BIO_free)                    \
  X(PEM_read_bio_X509)           \
  X(PEM_read_bio_PrivateKey)     \
  X(X509_free)                   \
  X(X509_get_ext_d2i)            \
  X(X509_STORE_add_cert)         \
  X(EVP_PKEY_free)               \
  X(GENERAL_NAMES_free)          \
  X(OPENSSL_sk_num)              \
  X(OPENSSL_sk_value)            \
  X(ASN1_STRING_get0_data)       \
  X(ASN1_STRING_length)          \
  X(HMAC)                        \
  X(EVP_sha256)                  \
  X(CRYPTO_memcmp)

struct OpenSsl {
#define X(name) decltype(&::name) name = nullptr;
  WEIR_SSL_FUNCTIONS(X)
  WEIR_CRYPTO_FUNCTIONS(X)
#undef X
};

// Loads both libraries the first time. One thread.
Result<const OpenSsl*> load_openssl(std::string_view purpose);

}  // namespace weir::http
