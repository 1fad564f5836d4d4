// The HTTP server of both programs: small answers for many clients, some of them hostile. One thread.
//
//   http::Server::Options options;
//   options.listen = {":9100"};
//   auto server = http::Server::create(std::move(options), [&](const http::Request& request, http::Responder respond) {
//     if (request.path != "/metrics") return respond({.status = 404, .body = Body::literal("not found\n")});
//     const Format format = negotiate_format(request.accept);
//     respond({.content_type = content_type(format), .body = ..., .negotiated = true});
//   });
//   if (!server) ...
//   return (*server)->run();      // until somebody calls stop()
//
// Handlers see GET and HEAD of any path, and answer 404 themselves. The server answers everything else: what is not
// HTTP, other methods (405), OPTIONS, bodies that are too large, whatever limits.h forbids.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "http/counters.h"
#include "http/limits.h"
#include "http/request.h"
#include "http/response.h"

namespace weir::http {

// Runs on the server's thread and must not block it. If it throws, the answer is 500.
using Handler = std::function<void(const Request&, Responder)>;

class Server {
 public:
  struct Options {
    std::vector<std::string> listen;    // see http/listen.h
    std::vector<Fd> adopted;            // sockets that listen already: sockets_of_systemd()
    std::vector<std::string> handlers;  // paths whose requests are counted one by one, at most kMaxHandlers
    ServerLimits limits;
    std::string web_config;  // file; empty: neither TLS nor passwords
    bool log = true;         // false in tests
  };

  // Listens from now on. Errors name the address or the file.
  static Result<std::unique_ptr<Server>> create(Options options, Handler handler);
  ~Server();

  // Serves until stop(), then finishes sending answers, within limits.shutdown.
  Result<> run();
  // From any thread, and from a signal handler.
  void stop() noexcept;
  // Runs `work` on the server's thread soon; from any thread.
  void post(std::function<void()> work);

  // Where it listens, such as "[::]:9100" or "unix:/run/x.sock", and the ports of those addresses that have one.
  std::vector<std::string> addresses() const;
  std::vector<uint16_t> ports() const;

  // On the server's thread (in a handler, or when run() has returned).
  const ServerCounters& counters() const;

  // Reads the web configuration again if it, or a file that it names, has changed. A bad one changes nothing. The
  // server does this by itself before it accepts a connection, at most once a second.
  Result<> reload_web_config();

  // For tests: serves a connected socket; does what needs no waiting.
  void adopt_connection(Fd connection);
  void poll();

  struct Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::http
