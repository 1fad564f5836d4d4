#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <memory>
#include <string>

namespace weir::log {

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

void start() {
  auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace weir::log
