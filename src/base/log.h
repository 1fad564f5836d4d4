// Log lines of the programs, on standard error. Library folders (flow, decode) do not log: they count.
//
// Written here and not by a library: spdlog cost 440 KiB of resident memory, a tenth of what weir-host may have.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace weir::log {

enum class Level { debug, info, warn, error };

// Asks whether standard error is a terminal: lines there have colours.
void start();
// The least severe level that is written: trace, debug, info, warn or error. False if the level has another name.
bool set_level(std::string_view level);

void write(Level level, std::string_view line);
bool enabled(Level level);

template <class... Args>
void log(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  log(Level::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  log(Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  log(Level::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  log(Level::error, format, std::forward<Args>(args)...);
}

}  // namespace weir::log
