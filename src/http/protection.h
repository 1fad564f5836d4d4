// Puts the web configuration into effect: TLS, passwords, limits, header fields. The file, and those that it names, are
// read again when they change. A bad change leaves everything as it was. A change that would take protection away needs
// a restart, since a file that is just being written may be empty.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/authenticator.h"
#include "http/tls.h"
#include "http/web_config.h"

namespace weir::http {

class Protection {
 public:
  using Clock = std::chrono::steady_clock;

  static Result<std::unique_ptr<Protection>> load(const std::string& path);

  enum class Change : uint8_t { none, applied, refused };
  // Reads the files again if they have changed. Looks at most once a second, unless `now_at_once`.
  Change refresh(Clock::time_point now, bool now_at_once = false);
  // Why the last change was refused.
  const std::string& problem() const { return problem_; }

  const WebConfig& config() const { return config_; }
  const std::shared_ptr<TlsContext>& tls() const { return tls_; }
  const std::shared_ptr<Authenticator>& authenticator() const { return authenticator_; }
  // Nothing if the request may go on, else the seconds after which it may be sent again.
  std::optional<unsigned> over_rate(Clock::time_point now);

 private:
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static std::vector<Stamp> stamps_of(const std::vector<std::string>& files);
  Result<> reload();
  Result<> apply(WebConfig config);

  std::string path_;
  WebConfig config_;
  std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<Authenticator> authenticator_;
  std::optional<TokenBucket> rate_;
  std::vector<Stamp> stamps_;
  Clock::time_point looked_{};
  Clock::time_point tried_{};
  std::string problem_;
};

}  // namespace weir::http
