// Beside a running query: progress on the terminal once it takes longer than a moment, and Ctrl-C that ends the query
// rather than the process, so that its temporary files go with it.
#pragma once

#include <csignal>

#include <atomic>
#include <thread>

#include "query/engine.h"

namespace weir::app {

class QueryWatch {
 public:
  explicit QueryWatch(query::Engine& engine);
  ~QueryWatch();
  QueryWatch(const QueryWatch&) = delete;
  QueryWatch& operator=(const QueryWatch&) = delete;

 private:
  void watch();

  query::Engine& engine_;
  sigset_t signals_{};
  sigset_t before_{};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace weir::app
