// How much somebody may still send of a kind: a burst at once, and so many a second. Time is that of the datagrams.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace weir::decode {

template <uint32_t kBurst, uint32_t kPerSecond>
class Allowance {
 public:
  // False: that is used up.
  bool spend(Timestamp now) {
    if (spent_ >= kBurst) refill(now);
    if (spent_ >= kBurst) return false;
    if (spent_++ == 0) since_ = now;
    return true;
  }

 private:
  // A clock that was set back gives nothing, and takes nothing.
  void refill(Timestamp now) {
    const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(now - since_).count();
    if (us < 0) since_ = now;
    if (us <= 0) return;
    const int64_t given = us / (1'000'000 / kPerSecond);
    if (given == 0) return;
    spent_ -= static_cast<uint32_t>(std::min<int64_t>(given, spent_));
    since_ = now;
  }

  uint32_t spent_ = 0;
  Timestamp since_{};
};

}  // namespace weir::decode
