// Beside a running query: progress on the terminal once it takes longer than a moment, and Ctrl-C that ends the query
// rather than the process, so that its temporary files go with it. A query begins with what it verifies of the store.
#pragma once

#include <csignal>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "query/engine.h"
#include "store/survey.h"

namespace weir::app {

// SIGINT and SIGTERM wait, in this thread and those it starts: to be there before the threads of the database are.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  const sigset_t& set() const { return held_; }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

class QueryWatch {
 public:
  // limit: the query ends after that long; 0: it may take as long as it likes.
  QueryWatch(store::Surveyor& surveyor, const HeldSignals& signals, std::chrono::microseconds limit);
  ~QueryWatch();
  QueryWatch(const QueryWatch&) = delete;
  QueryWatch& operator=(const QueryWatch&) = delete;
  // From now on the engine, too, which is of that surveyor and outlives the watch.
  void follow(query::Engine& engine);
  // Whether the limit was the end of it.
  bool too_long() const { return too_long_; }

 private:
  void watch();
  void interrupt();
  double progress();

  store::Surveyor& surveyor_;
  std::mutex engine_mutex_;
  query::Engine* engine_ = nullptr;
  const HeldSignals& signals_;
  std::chrono::microseconds limit_;
  std::atomic<bool> done_{false};
  std::atomic<bool> too_long_{false};
  std::thread thread_;
};

// What `look` finds in the store before there is a question, such as the names of its columns: Ctrl-C ends that, too.
template <class Look>
auto interruptible(store::Surveyor& surveyor, const Look& look) -> decltype(look()) {
  const HeldSignals signals;
  const QueryWatch watch(surveyor, signals, std::chrono::microseconds{0});
  auto found = look();
  if (surveyor.stopped()) return fail("interrupted");
  return found;
}

}  // namespace weir::app
