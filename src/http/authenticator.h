// Basic authentication against bcrypt hashes. Somebody who guesses passwords must not delay scrapes, learn which users
// exist, or lock out those who know their password:
//
// - A thread of its own computes the hashes, from a bounded queue.
// - A user that does not exist costs as much time as a wrong password.
// - A right password is remembered under a keyed hash. A client that has shown it never waits, whatever others do.
// - Wrong passwords are limited, per peer and in all (429).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/result.h"
#include "http/openssl.h"
#include "http/peer.h"
#include "http/web_config.h"

struct crypt_data;

namespace weir::http {

// A token bucket: `burst` at once, then `per_second`.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;
  TokenBucket() = default;
  TokenBucket(double burst, double per_second, Clock::time_point now)
      : burst_(burst), per_second_(per_second), tokens_(burst), at_(now) {}

  bool take(Clock::time_point now) {
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void give_back() { tokens_ = std::min(tokens_ + 1, burst_); }
  unsigned seconds_until_next(Clock::time_point now) {
    refill(now);
    const double seconds = tokens_ >= 1 ? 0 : (1 - tokens_) / per_second_;
    return static_cast<unsigned>(std::min(seconds, 3600.0)) + 1;
  }
  Clock::time_point last_used() const { return at_; }

 private:
  void refill(Clock::time_point now) {
    tokens_ = std::min(burst_, tokens_ + per_second_ * std::chrono::duration<double>(now - at_).count());
    at_ = now;
  }
  double burst_ = 0;
  double per_second_ = 0;
  double tokens_ = 0;
  Clock::time_point at_{};
};

class Authenticator {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict : uint8_t { allowed, denied, limited, pending };
  // Gets whether the password is right. Runs on the authenticator's thread.
  using Done = std::function<void(bool allowed)>;

  // Starts the thread. `users` is not empty.
  static Result<std::unique_ptr<Authenticator>> make(std::vector<User> users);
  ~Authenticator();

  // On the server's thread. After `pending`, `done` is called once, and the server then calls finished(ticket).
  // `limited` sets `retry_after_s`.
  Verdict check(std::string_view authorization, const Peer& peer, uint64_t ticket, Clock::time_point now, Done done,
                unsigned& retry_after_s);
  // On the server's thread, after `done`: remembers a right password, and does not count it as a guess.
  void finished(uint64_t ticket, bool allowed);

 private:
  using Mac = std::array<uint8_t, 32>;
  struct Job {
    std::string user;
    std::string password;
    Done done;
  };
  struct Pending {
    uint64_t ticket = 0;
    Mac mac{};
    Peer::Key peer{};
  };
  struct PeerGuesses {
    Peer::Key peer{};
    TokenBucket bucket;
  };

  Authenticator(std::vector<User> users, const OpenSsl& openssl);
  Mac mac_of(std::string_view user, std::string_view password) const;
  bool remembered(const Mac& mac) const;
  TokenBucket& guesses_of(const Peer::Key& peer, Clock::time_point now);
  void work();
  bool verify(const std::string& user, const std::string& password);

  const std::vector<User> users_;
  const OpenSsl& openssl_;
  std::array<uint8_t, 32> key_{};
  std::vector<Mac> good_;  // a ring
  size_t next_good_ = 0;
  std::vector<Pending> pending_;
  std::vector<PeerGuesses> peers_;
  TokenBucket all_;
  std::unique_ptr<crypt_data> scratch_;
  BoundedQueue<Job> jobs_;
  std::atomic<bool> ending_{false};  // refuses what still waits
  std::jthread thread_;
};

// "Basic dXNlcjpwYXNz" -> user and password. Nothing if it is not of this form, is too long, or holds a NUL, which
// would cut the password short.
struct Credentials {
  std::string user;
  std::string password;
};
std::optional<Credentials> parse_basic(std::string_view authorization);

}  // namespace weir::http
