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

// The signals are blocked in all threads (those of the database inherit that) and taken by ours alone.
QueryWatch::QueryWatch(query::Engine& engine) : engine_(engine) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { watch(); });
}

QueryWatch::~QueryWatch() {
  done_ = true;
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void QueryWatch::watch() {
  const auto start = std::chrono::steady_clock::now();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bool shown = false;
  const timespec interval{0, std::chrono::nanoseconds(kInterval).count()};
  while (!done_) {
    if (sigtimedwait(&signals_, nullptr, &interval) > 0) engine_.interrupt();
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
