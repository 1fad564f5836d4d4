// TLS on one connection, as connections see it: plain ones do not pay for it (http/tls.h).
#pragma once

#include <span>
#include <string_view>

#include "http/io.h"

namespace weir::http {

class TlsSession {
 public:
  TlsSession() = default;
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  virtual ~TlsSession() = default;

  // None of them waits; what they want to wait for is in the result. `done` of the handshake: it is complete.
  virtual Io handshake() = 0;
  virtual Io read(std::span<char> room) = 0;
  virtual Io write(std::string_view bytes) = 0;
  // Says goodbye, as far as that goes without waiting.
  virtual void shut_down() = 0;
};

}  // namespace weir::http
