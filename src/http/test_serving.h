// What tests of the server serve and ask for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "http/test_client.h"

namespace weir::http {

inline constexpr std::string_view kGood = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
inline constexpr std::string_view kGoodAndLast = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
inline constexpr std::string_view kScrape = "up 1\n";

inline void serve(const Request& request, Responder respond) {
  static const auto large = std::make_shared<const std::string>(size_t{8} << 20, 'x');
  if (request.path == "/large") return respond({.body = large});
  if (request.path == "/distinct") return respond({.body = Body(std::string(size_t{8} << 20, 'y'))});
  if (request.path != "/metrics") return respond({.status = 404, .body = Body::literal("not found\n")});
  respond({.body = Body::literal(kScrape)});
}

inline unsigned scrape(uint16_t port) {
  TestClient client(port);
  client.send(kGoodAndLast);
  const std::string answer = client.receive_all();
  return TestClient::body(answer) == kScrape ? TestClient::status(answer) : 0;
}

inline uint64_t closed(const ServerCounters& c, CloseReason reason) { return c.closed[static_cast<size_t>(reason)]; }
inline uint64_t refused(const ServerCounters& c, Refusal reason) { return c.refused[static_cast<size_t>(reason)]; }
inline uint64_t bad(const ServerCounters& c, BadRequest reason) { return c.bad_requests[static_cast<size_t>(reason)]; }

// Asks until it is so: events at the server follow those at the client.
template <class Condition>
bool eventually(TestServer& server, Condition condition) {
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < patience) {
    if (condition(server.counters())) return true;
    std::this_thread::yield();
  }
  return false;
}

// Holds requests until it is told to answer them.
class Held {
 public:
  Handler handler() {
    return [this](const Request& request, Responder respond) {
      if (request.path == "/metrics") return serve(request, std::move(respond));
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(respond));
      ++count_;
    };
  }
  size_t count() const { return count_; }
  std::deque<Responder> take() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  std::mutex mutex_;
  std::deque<Responder> held_;
  std::atomic<size_t> count_ = 0;
};

}  // namespace weir::http
