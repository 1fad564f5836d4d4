// Log lines, on standard error. flow and decode do not log: they count.
//
// No library writes them: spdlog takes 440 KiB of resident memory, a tenth of what weir-host may have.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace weir::log {

enum class Level { debug, info, warn, error };

// Turns on colours if standard error is a terminal.
void start();
// Sets the least severe level that is written: trace, debug, info, warn or error. False if there is no such level.
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
