#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <string>

namespace weir::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void start() {
  auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

bool set_level(std::string_view level) {
  constexpr std::array<std::string_view, 5> names = {"trace", "debug", "info", "warn", "error"};
  for (const std::string_view name : names) {
    if (name == level) {
      spdlog::set_level(spdlog::level::from_str(std::string(level)));
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view line) {
  spdlog::log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

bool enabled(Level level) { return spdlog::should_log(to_spdlog(level)); }

}  // namespace weir::log
