// Ctrl-C for commands that send: they stop between two datagrams and still print what they have done.
#pragma once

#include <chrono>

namespace weir::app {

class Interrupt {
 public:
  // From here on SIGINT and SIGTERM wait until somebody asks.
  Interrupt();

  // Whether one of them has come.
  bool seen();

  // Sleeps, without spinning; true, at once, if one of them comes.
  bool sleep_until(std::chrono::steady_clock::time_point until);

 private:
  bool wait(std::chrono::nanoseconds timeout);
  bool seen_ = false;
};

}  // namespace weir::app
