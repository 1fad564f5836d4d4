// TLS on one connection (http/tls.h). Abstract, so that plain connections do not pay for it.
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

  // None of them waits: the result tells what to wait for.
  virtual IoResult handshake() = 0;
  virtual IoResult read(std::span<char> room) = 0;
  virtual IoResult write(std::string_view bytes) = 0;
  // Sends close_notify, if that needs no waiting.
  virtual void shut_down() = 0;
};

}  // namespace weir::http
