// How much the log says about the same thing, however often a peer makes it happen.
//
//   LogLimit       one line in an interval
//   MessageLimit   no message twice in a row, and few in a minute, however their words change
//
//   LogLimit limit;
//   if (const auto left_out = limit.allows(now, std::chrono::minutes(1)))
//     log::warn("... ({} more times before)", *left_out);
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

// For failures that a peer or the disk words: whoever alternates between two of them, or thinks of ever new ones, gets
// no further than who repeats one. One thread.
class MessageLimit {
 public:
  using Clock = LogLimit::Clock;
  static constexpr size_t kLines = 4;  // of all messages together, in any kInterval
  static constexpr std::chrono::minutes kInterval{1};

  // As LogLimit: how many lines were left out since the last one. A message that was the last line already is news only
  // after forget(), and is not counted.
  std::optional<uint64_t> allows(std::string_view message, Clock::time_point now) {
    if (message == last_) return std::nullopt;
    std::optional<Clock::time_point>& oldest = written_[next_];
    if (oldest && now - *oldest < kInterval) {
      ++left_out_;
      return std::nullopt;
    }
    oldest = now;
    next_ = (next_ + 1) % kLines;
    last_ = message;
    return std::exchange(left_out_, 0);
  }
  // What was the matter is over.
  void forget() { last_.clear(); }

 private:
  std::string last_;
  std::array<std::optional<Clock::time_point>, kLines> written_;  // when; the oldest at next_
  size_t next_ = 0;
  uint64_t left_out_ = 0;
};

// What a line ends with that speaks for others, too; empty for none.
inline std::string more_like_this(uint64_t left_out) {
  return left_out == 0 ? std::string() : " (" + std::to_string(left_out) + " more like this since the last line)";
}

}  // namespace weir
