#include "http/protection.h"

#include <sys/stat.h>

#include "base/log.h"

namespace weir::http {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// A refused file may become good without a change of its own: a certificate that it names may appear.
constexpr std::chrono::seconds kTryAgainEvery{10};

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

std::vector<Protection::Stamp> Protection::stamps_of(const std::vector<std::string>& files) {
  std::vector<Stamp> stamps;
  for (const std::string& file : files) {
    struct stat status{};
    Stamp stamp;
    if (::stat(file.c_str(), &status) == 0) {
      stamp = {status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
    }
    stamps.push_back(stamp);
  }
  return stamps;
}

Result<std::unique_ptr<Protection>> Protection::load(const std::string& path) {
  auto config = TRY(load_web_config(path));
  auto protection = std::make_unique<Protection>();
  protection->path_ = path;
  if (auto applied = protection->apply(std::move(config)); !applied)
    return fail("{}: {}", path, applied.error().message);
  protection->stamps_ = stamps_of(protection->config_.files);
  protection->looked_ = Clock::now();
  return protection;
}

// All or nothing.
Result<> Protection::apply(WebConfig config) {
  std::shared_ptr<TlsContext> tls;
  if (config.tls) {
    auto made = TRY(TlsContext::make(*config.tls));
    tls = std::move(made);
  }
  std::shared_ptr<Authenticator> authenticator;
  if (!config.users.empty()) {
    // The same users: remembered passwords stay remembered.
    authenticator = config.users == config_.users ? authenticator_ : nullptr;
    if (!authenticator) {
      auto made = TRY(Authenticator::make(config.users));
      authenticator = std::move(made);
    }
  }
  rate_.reset();
  if (config.rate_limit) {
    const double per_second = 1e6 / static_cast<double>(config.rate_limit->interval.count());
    rate_.emplace(config.rate_limit->burst, per_second, Clock::now());
  }
  tls_ = std::move(tls);
  authenticator_ = std::move(authenticator);
  config_ = std::move(config);
  for (const std::string& warning : config_.warnings) log::warn("{}: {}", path_, warning);
  return {};
}

Result<> Protection::reload() {
  auto config = TRY(load_web_config(path_));
  const auto weaker = [&](std::string_view what) { return fail("{}: {}; that needs a restart", path_, what); };
  if (config_.tls && !config.tls) return weaker("tls_server_config is gone");
  if (config_.tls && config.tls->client_auth < config_.tls->client_auth)
    return weaker("client_auth_type asks for less");
  if (!config_.users.empty() && config.users.empty()) return weaker("basic_auth_users is gone");
  if (auto applied = apply(std::move(config)); !applied) return fail("{}: {}", path_, applied.error().message);
  return {};
}

Protection::Change Protection::refresh(Clock::time_point now, bool now_at_once) {
  if (!now_at_once && now - looked_ < kLookEvery) return Change::none;
  looked_ = now;
  std::vector<Stamp> stamps = stamps_of(config_.files);
  const bool again = !problem_.empty() && now - tried_ >= kTryAgainEvery;
  if (stamps == stamps_ && !again && !(now_at_once && !problem_.empty())) return Change::none;
  tried_ = now;
  const std::vector<std::string> files = config_.files;
  // Taken before reading, so that a file that changes meanwhile is read again.
  stamps_ = std::move(stamps);
  const Result<> reloaded = reload();
  if (!reloaded) {
    const bool known = problem_ == reloaded.error().message;
    problem_ = reloaded.error().message;
    return known ? Change::none : Change::refused;
  }
  if (config_.files != files) stamps_ = stamps_of(config_.files);
  problem_.clear();
  return Change::applied;
}

std::optional<unsigned> Protection::over_rate(Clock::time_point now) {
  if (!rate_ || rate_->take(now)) return std::nullopt;
  return rate_->seconds_until_next(now);
}

}  // namespace weir::http
