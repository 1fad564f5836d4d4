#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>

#include "base/terminal_text.h"
#include "base/time.h"

namespace weir::log {
namespace {

std::atomic<Level> least = Level::info;
std::atomic<bool> coloured = false;

struct Name {
  std::string_view text;
  std::string_view colour;  // of a terminal
};

Name name_of(Level level) {
  switch (level) {
    case Level::debug:
      return {"debug", "\033[36m"};
    case Level::info:
      break;
    case Level::warn:
      return {"warning", "\033[33m\033[1m"};
    case Level::error:
      return {"error", "\033[31m\033[1m"};
  }
  return {"info", "\033[32m"};
}

}  // namespace

void start() { coloured = ::isatty(STDERR_FILENO) == 1; }

bool set_level(std::string_view level) {
  constexpr std::array<std::pair<std::string_view, Level>, 5> kNames = {{{"trace", Level::debug},
                                                                         {"debug", Level::debug},
                                                                         {"info", Level::info},
                                                                         {"warn", Level::warn},
                                                                         {"error", Level::error}}};
  for (const auto& [name, value] : kNames) {
    if (name == level) {
      least = value;
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view line) {
  if (!enabled(level)) return;
  const auto [name, colour] = name_of(level);
  const bool colours = coloured;
  // Milliseconds: to_rfc3339 without its last three digits.
  std::string text = to_rfc3339(wall_clock_now());
  text.resize(text.size() - 4);
  fmt::format_to(std::back_inserter(text), "Z {}{}{} {}\n", colours ? colour : "", name, colours ? "\033[m" : "",
                 terminal_text(line));
  // One call writes a whole line, so that lines of several threads do not mix. Standard error may be closed.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

bool enabled(Level level) { return level >= least.load(std::memory_order_relaxed); }

}  // namespace weir::log
