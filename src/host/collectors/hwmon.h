// Sensors of the machine (Documentation/hwmon/sysfs-interface.rst): temperatures, fans, voltages, power.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// "temp1_input" is property "input" of sensor "temp1"; "update_interval" is a sensor "update_interval0" without one.
struct HwmonFile {
  std::string_view type;      // "temp"
  uint32_t number = 0;        // 1
  std::string_view property;  // "input"
};
std::optional<HwmonFile> parse_hwmon_file(std::string_view name);

// Lower case, with '_' for what cannot stand in a metric's name, none at the ends.
std::string clean_hwmon_name(std::string_view text);

// What a property of a sensor is as a metric.
struct HwmonMetric {
  std::string name;
  std::string help;
  telemetry::MetricType type = telemetry::MetricType::gauge;
  double divisor = 1;
};
// `bare`: the sensor has a file without a property besides ("fan1" and "fan1_input").
HwmonMetric hwmon_metric(std::string_view type, std::string_view property, bool bare);

Result<std::unique_ptr<Collector>> make_hwmon(const Options& options);

}  // namespace weir::host
