// TLS 1.2 and 1.3 on a socket that somebody else opened and waits for (OpenSSL). RFC 7011 section 11: exporters and
// collectors authenticate each other by certificates, where the operator wants it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace weir::net {

// Files in PEM form.
struct TlsServerFiles {
  std::string certificate;  // with the certificates that lead to its authority behind it, if any
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};
struct TlsClientOptions {
  std::string ca;  // who may have signed the server's certificate; empty: the system's authorities
  std::string certificate;
  std::string key;        // both empty: none
  bool insecure = false;  // whoever the server is
};

// Which file is wrong, and what is wrong with it.
struct TlsProblem {
  enum class File : uint8_t { certificate, key, ca };
  File file = File::certificate;
  std::string message;
};

// Certificates and rules for connections that begin from now on. Cheap to copy; shared by threads.
class TlsContext {
 public:
  static std::expected<TlsContext, TlsProblem> server(const TlsServerFiles& files);
  static std::expected<TlsContext, TlsProblem> client(const TlsClientOptions& options);

  // When our own certificate ends; nothing without one.
  Timestamp certificate_ends() const { return ends_; }

 private:
  friend class TlsChannel;
  explicit TlsContext(ssl_ctx_st* context);
  std::expected<void, TlsProblem> use_own(const std::string& certificate, const std::string& key);
  std::expected<void, TlsProblem> trust(const std::string& ca);

  std::shared_ptr<ssl_ctx_st> context_;
  Timestamp ends_{};
};

// Blocks the signal in this thread. OpenSSL writes without MSG_NOSIGNAL, so a peer that is gone would end the process;
// now the write fails instead.
void block_sigpipe();

// What a read, a write or a step of the handshake came to.
enum class IoStatus : uint8_t {
  done,
  want_read,   // try again when the socket can be read
  want_write,  // try again when the socket can be written
  end,         // the peer has ended the connection
  failed,
};
struct Io {
  IoStatus status = IoStatus::failed;
  size_t bytes = 0;  // when done
};

class TlsChannel {
 public:
  // The socket stays the caller's, and must outlive the channel.
  static TlsChannel server(const TlsContext& context, int fd);
  // host: a name or address, which the server's certificate must have.
  static TlsChannel client(const TlsContext& context, int fd, const std::string& host);

  // Until done, each time the socket allows it.
  Io handshake();
  Io read(std::span<uint8_t> into);
  Io write(ByteView bytes);
  // Tells the peer that nothing more comes. Does not wait.
  void close();

  // Something has arrived that is not a whole record yet.
  bool record_incomplete() const;
  // Why the last step failed, in a few words.
  const std::string& error() const { return error_; }
  // "TLSv1.3"
  std::string version() const;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  explicit TlsChannel(ssl_st* ssl) : ssl_(ssl) {}
  Io result(int status, size_t bytes);

  std::unique_ptr<ssl_st, Free> ssl_;
  std::string error_;
  bool broken_ = false;
};

}  // namespace weir::net
