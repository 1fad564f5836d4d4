// Waiting for a peer's socket until a deadline; another thread can cut all waiting short, for the end of the process.
#pragma once

#include <atomic>
#include <chrono>

#include "base/fd.h"

namespace weir::pipeline {

class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  Patience();

  // From any thread: whoever waits, now or later, gives up after this time at the latest.
  void end_within(Clock::duration time);

  // Waits until poll() reports one of `events` (POLLIN, POLLOUT) of the descriptor, or an error or end of it. 0: the
  // deadline or the end came first. A deadline that is over allows no wait, and only tells what is there.
  short wait(int fd, short events, Clock::time_point deadline) const;
  // Whether end_within() is over.
  bool ended() const { return Clock::now() >= end(); }

 private:
  Clock::time_point end() const { return Clock::time_point(Clock::duration(end_.load())); }

  std::atomic<Clock::rep> end_ = Clock::time_point::max().time_since_epoch().count();
  Fd wake_;  // an eventfd, readable once there is an end
};

}  // namespace weir::pipeline
