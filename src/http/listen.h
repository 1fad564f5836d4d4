// Where a server listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace weir::http {

// A listening, non-blocking socket.
struct ListeningSocket {
  Fd fd;
  std::string name;    // as it is bound: "[::]:9100", "unix:/run/weir-host.sock"
  uint16_t port = 0;   // 0: a unix socket
  std::string unlink;  // path of a unix socket of ours, which is removed at the end
};

// Listens on "9100" or ":9100" (all addresses, IPv4 and IPv6), "192.0.2.1:9100", "[2001:db8::1]:9100", "name:9100"
// (each of its addresses), "unix:PATH" or "/PATH". Port 0 is any free one. The error names the address and what to do.
Result<std::vector<ListeningSocket>> listen_on(std::string_view address);

// Takes over a socket that systemd opened. Fails if it does not listen.
Result<ListeningSocket> adopt(Fd fd);

// The sockets that systemd has handed over, by LISTEN_PID and LISTEN_FDS (sd_listen_fds(3)). Call it once, at the
// start: it removes these variables.
std::vector<Fd> sockets_of_systemd();

}  // namespace weir::http
