#include "app/weir/query_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace weir::app {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::chrono::seconds kPatience{2};  // before progress is shown

}  // namespace

HeldSignals::HeldSignals() {
  sigemptyset(&held_);
  sigaddset(&held_, SIGINT);
  sigaddset(&held_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

HeldSignals::~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

QueryWatch::QueryWatch(store::Surveyor& surveyor, const HeldSignals& signals, std::chrono::microseconds limit)
    : surveyor_(surveyor), signals_(signals), limit_(limit) {
  thread_ = std::thread([this] { watch(); });
}

QueryWatch::~QueryWatch() {
  done_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);  // to that thread alone, which waits for it
  thread_.join();
}

void QueryWatch::follow(query::Engine& engine) {
  const std::lock_guard lock(engine_mutex_);
  engine_ = &engine;
}

void QueryWatch::interrupt() {
  surveyor_.stop();
  const std::lock_guard lock(engine_mutex_);
  if (engine_ != nullptr) engine_->interrupt();
}

double QueryWatch::progress() {
  const std::lock_guard lock(engine_mutex_);
  return engine_ != nullptr ? engine_->progress() : surveyor_.progress();
}

void QueryWatch::watch() {
  const auto start = std::chrono::steady_clock::now();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bool shown = false;
  bool asked_to_end = false;
  const timespec interval{0, std::chrono::nanoseconds(kInterval).count()};
  while (!done_) {
    const bool asked = sigtimedwait(&signals_.set(), nullptr, &interval) > 0;
    if (done_) break;
    asked_to_end = asked || asked_to_end;
    const auto taken = std::chrono::steady_clock::now() - start;
    if (limit_.count() > 0 && taken > limit_) too_long_ = true;
    // Again and again: one that comes between two statements is forgotten by the next.
    if (asked_to_end || too_long_) interrupt();
    if (!terminal || taken < kPatience) continue;
    const double percent = progress();
    if (percent < 0) continue;
    fmt::print(stderr, "\r{:3.0f} % ", percent);
    std::fflush(stderr);
    shown = true;
  }
  if (shown) fmt::print(stderr, "\r      \r");
}

}  // namespace weir::app
