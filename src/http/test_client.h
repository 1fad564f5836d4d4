// A raw TCP client for tests, and a server on a thread of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/check.h"
#include "base/fd.h"
#include "http/server.h"

namespace weir::http {

// Only a broken test waits this long.
inline constexpr std::chrono::seconds kPatience{60};

class TestClient {
 public:
  enum class End : uint8_t { open, closed, reset };

  explicit TestClient(uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof(address)) == 0;
    const int one = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }
  explicit TestClient(Fd connected) : fd_(std::move(connected)), connected_(true) {}

  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }

  // Sends all of it, if the server takes it.
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void half_close() const { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    fd_ = Fd();
  }
  void close() { fd_ = Fd(); }

  // Receives until `enough` says so, or until the end.
  std::string receive_until(const std::function<bool(const std::string&)>& enough) {
    while (end_ == End::open && !enough(received_)) {
      pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      CHECK(::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1);
      std::array<char, 16384> piece;
      const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (got > 0) {
        received_.append(piece.data(), static_cast<size_t>(got));
      } else {
        end_ = got == 0 ? End::closed : End::reset;
      }
    }
    return received_;
  }
  std::string receive_all() {
    return receive_until([](const std::string&) { return false; });
  }
  // One answer, with its body by Content-Length. What follows is kept for the next call. Empty at the end.
  std::string receive_answer(bool head_only = false) {
    size_t size = 0;
    receive_until([&](const std::string& text) {
      size = answer_size(text, head_only);
      return size > 0;
    });
    const std::string answer = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }
  End end() const { return end_; }

  static std::string field(const std::string& answer, const std::string& name) {
    const size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
    const size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
  }
  static unsigned status(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? static_cast<unsigned>(std::stoul(answer.substr(9, 3))) : 0;
  }
  static std::string body(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
  }

 private:
  static size_t answer_size(const std::string& text, bool head_only) {
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    const std::string length = field(text, "Content-Length");
    const size_t size = end + 4 + (head_only || length.empty() ? 0 : std::stoul(length));
    return text.size() >= size ? size : 0;
  }

  Fd fd_;
  bool connected_ = false;
  std::string received_;
  End end_ = End::open;
};

// A server on a thread of its own, until the end of the test.
class TestServer {
 public:
  TestServer(Server::Options options, Handler handler) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    options.log = false;
    auto server = Server::create(std::move(options), std::move(handler));
    if (!server) std::fprintf(stderr, "%s\n", server.error().message.c_str());
    CHECK(server);
    server_ = std::move(*server);
    thread_ = std::jthread([this] { CHECK(server_->run()); });
  }
  ~TestServer() { stop(); }

  uint16_t port() const { return server_->ports().front(); }
  Server& server() { return *server_; }
  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  // What the server counts, taken on its thread.
  ServerCounters counters() {
    std::promise<ServerCounters> promise;
    server_->post([&] { promise.set_value(server_->counters()); });
    return promise.get_future().get();
  }

 private:
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

}  // namespace weir::http
