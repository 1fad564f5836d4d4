// TLS as the web configuration asks for it: a context for new connections. OpenSSL is loaded on first use.
#pragma once

#include <memory>

#include "base/result.h"
#include "http/tls_session.h"
#include "http/web_config.h"

namespace weir::http {

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> make(const TlsSettings& settings);
  virtual ~TlsContext() = default;
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The socket stays the caller's and must outlive the session. Nothing if memory is short.
  virtual std::unique_ptr<TlsSession> session(int fd) = 0;

 protected:
  TlsContext() = default;
};

}  // namespace weir::http
