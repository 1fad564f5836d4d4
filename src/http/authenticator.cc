#include "http/authenticator.h"

#include <crypt.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "base/big_endian.h"
#include "base/lazy_library.h"

namespace weir::http {
namespace {

// Twice a user of 64 bytes and a password of 72, which is all that bcrypt looks at.
constexpr size_t kMaxCredentials = 512;
// Requests that wait for their hash, of about 50 ms each. Further ones are asked to come again.
constexpr size_t kMaxPending = 16;
constexpr size_t kMaxPendingOfPeer = 4;
// How many right passwords are remembered.
constexpr size_t kRemembered = 64;
// Wrong passwords that one peer may try at once, and per second; then those of all peers.
constexpr double kGuessesOfPeer = 10;
constexpr double kGuessesOfPeerPerSecond = 0.5;
constexpr double kGuesses = 100;
constexpr double kGuessesPerSecond = 5;
constexpr size_t kPeers = 256;

// In "$2y$10$...".
constexpr size_t kCostAt = 4;

using CryptRn = decltype(&::crypt_rn);

Result<CryptRn> load_crypt() {
  static CryptRn function = nullptr;
  static const auto good = [] {
    LazyLibrary library("libcrypt.so.1");
    library.find("crypt_rn", function);
    return library.good("basic_auth_users", "libcrypt1");
  }();
  TRY(good);
  return function;
}

std::optional<unsigned> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) return std::nullopt;
    bits = (bits << 6 | *digit) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size() || authorization.size() > kMaxCredentials * 2) return std::nullopt;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    if ((authorization[i] | 0x20) != kScheme[i]) return std::nullopt;
  }
  std::string_view encoded = authorization.substr(kScheme.size());
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  const auto decoded = decode_base64(encoded);
  if (!decoded || decoded->size() > kMaxCredentials || decoded->find('\0') != std::string::npos) return std::nullopt;
  const size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

Result<std::unique_ptr<Authenticator>> Authenticator::make(std::vector<User> users) {
  const auto openssl = TRY(load_openssl("basic_auth_users"));
  TRY(load_crypt());
  std::unique_ptr<Authenticator> made(new Authenticator(std::move(users), *openssl));
  if (::getrandom(made->key_.data(), made->key_.size(), 0) != static_cast<ssize_t>(made->key_.size())) {
    return fail_errno("basic_auth_users: no random numbers");
  }
  // A hash that this libcrypt cannot compute would refuse its user for ever, and show by its speed that it is there. So
  // it is tried here, with the least cost in place of its own, which may take seconds.
  for (const User& user : made->users_) {
    std::string cheap = user.hash;
    cheap.replace(kCostAt, 2, "04");
    if ((*load_crypt())("", cheap.c_str(), made->scratch_.get(), sizeof(crypt_data)) == nullptr) {
      return fail("basic_auth_users: the hash of {} is not one that this system's libcrypt can compute", user.name);
    }
  }
  try {
    made->thread_ = std::jthread([worker = made.get()] { worker->work(); });
  } catch (const std::system_error& e) {
    return fail("basic_auth_users: no thread for checking passwords: {}", e.what());
  }
  return made;
}

Authenticator::Authenticator(std::vector<User> users, const OpenSsl& openssl)
    : users_(std::move(users)),
      openssl_(openssl),
      all_(kGuesses, kGuessesPerSecond, Clock::now()),
      scratch_(std::make_unique<crypt_data>()),
      jobs_(kMaxPending) {
  good_.reserve(kRemembered);
  pending_.reserve(kMaxPending * 2);
}

Authenticator::~Authenticator() {
  ending_ = true;
  jobs_.close();
}

// The lengths keep apart pairs whose bytes are the same in a row: ("ab", "c") and ("a", "bc").
Authenticator::Mac Authenticator::mac_of(std::string_view user, std::string_view password) const {
  std::string message;
  for (const std::string_view part : {user, password}) {
    std::array<uint8_t, 8> length{};
    store_be(length.data(), uint64_t{part.size()});
    message.append(length.begin(), length.end());
    message.append(part);
  }
  Mac mac{};
  unsigned size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  openssl_.HMAC(openssl_.EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, message.size(), mac.data(),
                &size);
  return mac;
}

bool Authenticator::remembered(const Mac& mac) const {
  bool found = false;
  for (const Mac& each : good_) found = (openssl_.CRYPTO_memcmp(each.data(), mac.data(), mac.size()) == 0) || found;
  return found;
}

TokenBucket& Authenticator::guesses_of(const Peer::Key& peer, Clock::time_point now) {
  PeerGuesses* oldest = nullptr;
  for (PeerGuesses& each : peers_) {
    if (each.peer == peer) return each.bucket;
    if (oldest == nullptr || each.bucket.last_used() < oldest->bucket.last_used()) oldest = &each;
  }
  if (peers_.size() < kPeers) oldest = &peers_.emplace_back();
  *oldest = {peer, TokenBucket(kGuessesOfPeer, kGuessesOfPeerPerSecond, now)};
  return oldest->bucket;
}

Authenticator::Verdict Authenticator::check(std::string_view authorization, const Peer& peer, uint64_t ticket,
                                            Clock::time_point now, Done done, unsigned& retry_after_s) {
  auto credentials = parse_basic(authorization);
  if (!credentials) return Verdict::denied;
  const Mac mac = mac_of(credentials->user, credentials->password);
  if (remembered(mac)) return Verdict::allowed;
  retry_after_s = 1;
  const auto of_peer = std::ranges::count(pending_, peer.key(), &Pending::peer);
  if (static_cast<size_t>(of_peer) >= kMaxPendingOfPeer || pending_.size() >= kMaxPending) return Verdict::limited;
  TokenBucket& guesses = guesses_of(peer.key(), now);
  if (!guesses.take(now)) {
    retry_after_s = guesses.seconds_until_next(now);
    return Verdict::limited;
  }
  if (!all_.take(now)) {
    guesses.give_back();
    retry_after_s = all_.seconds_until_next(now);
    return Verdict::limited;
  }
  if (!jobs_.try_push({std::move(credentials->user), std::move(credentials->password), std::move(done)})) {
    guesses.give_back();
    all_.give_back();
    return Verdict::limited;
  }
  pending_.push_back({ticket, mac, peer.key()});
  return Verdict::pending;
}

void Authenticator::finished(uint64_t ticket, bool allowed) {
  const auto found = std::ranges::find(pending_, ticket, &Pending::ticket);
  if (found == pending_.end()) return;
  if (allowed) {
    all_.give_back();
    guesses_of(found->peer, Clock::now()).give_back();
    if (good_.size() < kRemembered) {
      good_.push_back(found->mac);
    } else {
      good_[next_good_++ % kRemembered] = found->mac;
    }
  }
  pending_.erase(found);
}

void Authenticator::work() {
  while (!jobs_.finished()) {
    auto job = jobs_.pop(std::chrono::hours(1));
    if (!job) continue;
    const bool right = !ending_ && verify(job->user, job->password);
    job->done(right);
  }
}

bool Authenticator::verify(const std::string& user, const std::string& password) {
  const auto found = std::ranges::find(users_, user, &User::name);
  // Unknown user: the hash of another one takes the same time. Its result does not count.
  const std::string& hash = found == users_.end() ? users_.front().hash : found->hash;
  const char* const computed = (*load_crypt())(password.c_str(), hash.c_str(), scratch_.get(), sizeof(crypt_data));
  if (computed == nullptr || std::strlen(computed) != hash.size()) return false;
  const bool equal = openssl_.CRYPTO_memcmp(computed, hash.data(), hash.size()) == 0;
  return equal && found != users_.end();
}

}  // namespace weir::http
