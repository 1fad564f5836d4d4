// At most one log line in an interval about the same thing, however often a peer makes it happen.
//
//   LogLimit limit;
//   if (const auto left_out = limit.allows(now, std::chrono::minutes(1)))
//     log::warn("... ({} more times before)", *left_out);
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace weir {

// One thread.
class LogLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // How many lines were left out since the last one, if a line may be written now; nothing if it has to be left out.
  std::optional<uint64_t> allows(Clock::time_point now, Clock::duration interval) {
    if (next_ && now < *next_) {
      ++left_out_;
      return std::nullopt;
    }
    next_ = now + interval;
    return std::exchange(left_out_, 0);
  }

 private:
  std::optional<Clock::time_point> next_;
  uint64_t left_out_ = 0;
};

}  // namespace weir
