// Log lines of the programs, on standard error. Library folders (flow, decode) do not log: they count.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace weir::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

// One line per event on standard error, UTC. level: trace, debug, info, warn, error. False if the level has another
// name.
bool set_level(std::string_view level);
void start();

}  // namespace weir::log
