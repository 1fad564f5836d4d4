// Signals as values: blocked in every thread, taken by the main thread. Nothing runs in a signal handler.
#pragma once

#include <chrono>
#include <optional>

namespace weir::app {

// Blocks SIGINT, SIGTERM and SIGHUP. Before any thread is started, so that all inherit it. SIGPIPE is ignored.
void block_signals();

// The next of them; nothing after `timeout`.
std::optional<int> wait_for_signal(std::chrono::milliseconds timeout);

// From now on SIGINT ends the process at once, whatever it is doing.
void let_interrupt_end_the_process();

}  // namespace weir::app
