// At most one line a minute about the same thing, however often a client makes it happen.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::http {

class LogLimit {
 public:
  // True if a line may be written; `left_out` is how often it may not have been since the last one.
  bool allows(std::chrono::steady_clock::time_point now, uint64_t& left_out) {
    if (written_ && now - last_ < std::chrono::minutes(1)) {
      ++left_out_;
      return false;
    }
    written_ = true;
    last_ = now;
    left_out = left_out_;
    left_out_ = 0;
    return true;
  }

 private:
  bool written_ = false;
  std::chrono::steady_clock::time_point last_{};
  uint64_t left_out_ = 0;
};

}  // namespace weir::http
