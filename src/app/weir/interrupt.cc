#include "app/weir/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>

namespace weir::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool Interrupt::seen() { return wait(std::chrono::nanoseconds{0}); }

bool Interrupt::sleep_until(std::chrono::steady_clock::time_point until) {
  while (!seen_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds{0}) break;
    wait(left);
  }
  return seen_;
}

bool Interrupt::wait(std::chrono::nanoseconds timeout) {
  if (seen_) return true;
  const sigset_t set = stop_signals();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  seen_ = sigtimedwait(&set, nullptr, &limit) > 0;
  return seen_;
}

}  // namespace weir::app
