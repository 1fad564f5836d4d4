// The HTTP server of every program here: small answers to many clients, hostile ones among them. One thread.
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
// The server answers by itself: what is not HTTP, methods other than GET and HEAD (405), OPTIONS, bodies that are too
// large, everything in limits.h. Handlers see GET and HEAD of any path and answer 404 themselves.
#pragma once

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

// Called on the server's thread; must not block it. What it throws becomes 500.
using Handler = std::function<void(const Request&, Responder)>;

class Server {
 public:
  struct Options {
    std::vector<std::string> listen;    // see http/listen.h
    std::vector<Fd> adopted;            // sockets that listen already: sockets_of_systemd()
    std::vector<std::string> handlers;  // paths whose requests are counted one by one, at most kMaxHandlers
    Limits limits;
    std::string web_config;  // file; empty: neither TLS nor passwords
    bool log = true;         // what an operator should know, rate limited; tests are quiet
  };

  // Listens from now on. Errors name the address or the file.
  static Result<std::unique_ptr<Server>> create(Options options, Handler handler);
  ~Server();

  // Serves until stop(); then lets answers that are being sent end, within limits.shutdown.
  Result<> run();
  // From any thread, and from a signal handler.
  void stop() noexcept;
  // Runs `work` on the server's thread soon; from any thread.
  void post(std::function<void()> work);

  // Where it listens: "[::]:9100", "unix:/run/x.sock"; and the ports of those that have one.
  std::vector<std::string> addresses() const;
  std::vector<uint16_t> ports() const;

  // On the server's thread (in a handler, or when run() has returned).
  const ServerCounters& counters() const;

  // Reads the web configuration again, if it or a file that it names has changed. A bad one changes nothing. Done by
  // itself too, before a connection is accepted, at most once a second.
  Result<> reload_web_config();

  // For tests: serves a connected socket, and does what can be done without waiting.
  void adopt_connection(Fd connection);
  void poll();

  struct Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::http
