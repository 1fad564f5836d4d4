// Where a server listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace weir::http {

// A socket that listens, non-blocking.
struct ListeningSocket {
  Fd fd;
  std::string name;    // as it is bound: "[::]:9100", "unix:/run/weir-host.sock"
  uint16_t port = 0;   // 0: a unix socket
  std::string unlink;  // a unix socket's path, to be removed at the end; empty: not ours
};

// "9100" and ":9100" (every address, IPv4 and IPv6), "192.0.2.1:9100", "[2001:db8::1]:9100", "name:9100" (each of its
// addresses), "unix:PATH" or "/PATH". Port 0: any free one. The error names the address and what to do.
Result<std::vector<ListeningSocket>> listen_on(std::string_view address);

// A socket that somebody else opened (systemd). Refused if it does not listen.
Result<ListeningSocket> adopt(Fd fd);

// What systemd has handed over (sd_listen_fds(3)): LISTEN_PID and LISTEN_FDS; nothing without them. To be called once,
// at the beginning: the variables are removed.
std::vector<Fd> sockets_of_systemd();

}  // namespace weir::http
