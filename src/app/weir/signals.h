// Signals as values: blocked in every thread, taken by the main thread. Nothing runs in a signal handler.
#pragma once

#include <chrono>
#include <optional>

namespace weir::app {

// Blocks SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE. To be called before any thread starts: threads inherit it.
void block_signals();

// The next signal; nothing after `timeout`.
std::optional<int> wait_for_signal(std::chrono::milliseconds timeout);

// From now on SIGINT ends the process at once, whatever it is doing.
void let_interrupt_end_the_process();

}  // namespace weir::app
