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

QueryWatch::QueryWatch(query::Engine& engine, const HeldSignals& signals) : engine_(engine), signals_(signals) {
  thread_ = std::thread([this] { watch(); });
}

QueryWatch::~QueryWatch() {
  done_ = true;
  thread_.join();
}

void QueryWatch::watch() {
  const auto start = std::chrono::steady_clock::now();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bool shown = false;
  bool asked_to_end = false;
  const timespec interval{0, std::chrono::nanoseconds(kInterval).count()};
  while (!done_) {
    asked_to_end = sigtimedwait(&signals_.set(), nullptr, &interval) > 0 || asked_to_end;
    // Again and again: one that comes between two statements is forgotten by the next.
    if (asked_to_end) engine_.interrupt();
    if (!terminal || std::chrono::steady_clock::now() - start < kPatience) continue;
    const double percent = engine_.progress();
    if (percent < 0) continue;
    fmt::print(stderr, "\r{:3.0f} % ", percent);
    std::fflush(stderr);
    shown = true;
  }
  if (shown) fmt::print(stderr, "\r      \r");
}

}  // namespace weir::app
