// What a client may send, to the whole server over a socket pair: bytes, cut at places that the input chooses. A good
// scrape on another connection must succeed after it.
//
// The first byte says how often the rest is cut, the next ones where; 0xff instead of a cut ends the client's side.
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/metrics_page.h"
#include "http/server.h"

namespace {

using namespace weir;
using namespace weir::http;

constexpr std::string_view kScrape = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Pair {
  Fd server;
  Fd client;
};

Pair make_pair() {
  std::array<int, 2> fds{};
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

std::string drain(int fd) {
  std::string all;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
    if (got <= 0) return all;
    all.append(piece.data(), static_cast<size_t>(got));
  }
}

class Target {
 public:
  Target() {
    text_ =
        std::make_shared<const std::string>("# HELP up Up.\n# TYPE up gauge\nup 1\n" + std::string(2000, '#') + "\n");
    Server::Options options;
    options.log = false;
    options.limits.pipelined = 8;
    auto server = Server::create(std::move(options), [this](const Request& request, Responder respond) {
      CHECK(request.path.starts_with('/') && request.query.size() <= kMaxParameters);
      if (request.path == "/metrics") return respond(page_.answer(request, text_, 1));
      if (request.path == "/none") return;  // 500
      respond({.status = 404, .body = Body::literal("not found\n")});
    });
    CHECK(server);
    server_ = std::move(*server);
  }

  void run(std::span<const uint8_t> input) {
    Pair pair = make_pair();
    server_->adopt_connection(std::move(pair.server));
    const size_t cuts = input.empty() ? 0 : input[0] & 15;
    input = input.subspan(input.empty() ? 0 : 1);
    std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
    bytes.remove_prefix(std::min(cuts, bytes.size()));
    for (size_t i = 0; i < cuts && i < input.size(); ++i) {
      if (input[i] == 0xff) {
        ::shutdown(pair.client.get(), SHUT_WR);
        break;
      }
      write_some(pair, bytes.substr(0, input[i]));
      bytes.remove_prefix(std::min<size_t>(input[i], bytes.size()));
    }
    while (!bytes.empty()) {
      write_some(pair, bytes.substr(0, 32768));
      bytes.remove_prefix(std::min<size_t>(32768, bytes.size()));
    }
    drain(pair.client.get());
    pair.client = Fd();
    server_->poll();
    expect_scrape();
    CHECK(server_->counters().open == 0);
  }

 private:
  void write_some(Pair& pair, std::string_view bytes) {
    (void)!::send(pair.client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    server_->poll();
    if (drain(pair.client.get()).size() > 60000) server_->poll();
  }
  void expect_scrape() {
    Pair pair = make_pair();
    server_->adopt_connection(std::move(pair.server));
    CHECK(::send(pair.client.get(), kScrape.data(), kScrape.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(kScrape.size()));
    server_->poll();
    CHECK(drain(pair.client.get()).starts_with("HTTP/1.1 200 OK\r\n"));
    pair.client = Fd();
    server_->poll();
  }

  std::shared_ptr<const std::string> text_;
  MetricsPage page_;
  std::unique_ptr<Server> server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Target target;
  target.run({data, size});
  return 0;
}
