#include "app/weir/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace weir::app {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = set_of({SIGINT, SIGTERM, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

std::optional<int> wait_for_signal(std::chrono::milliseconds timeout) {
  const sigset_t set = set_of({SIGINT, SIGTERM, SIGHUP});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec wait{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(timeout - seconds).count()};
  const int signal = sigtimedwait(&set, nullptr, &wait);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

void let_interrupt_end_the_process() {
  signal(SIGINT, SIG_DFL);  // a shell that started us in the background made us ignore it
  const sigset_t set = set_of({SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace weir::app
