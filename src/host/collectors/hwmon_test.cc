#include "host/collectors/hwmon.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Hwmon, Files) {
  const auto text = [](std::string_view name) -> std::string {
    const auto file = parse_hwmon_file(name);
    if (!file) return "none";
    return fmt::format("{}/{}/{}", file->type, file->number, file->property);
  };
  EXPECT_EQ(text("temp1_input"), "temp/1/input");
  EXPECT_EQ(text("fan12"), "fan/12/");
  EXPECT_EQ(text("pwm1_auto_point1_temp"), "pwm/1/auto_point1_temp");
  EXPECT_EQ(text("update_interval"), "update_interval/0/");
  for (const char* other : {"", "1", "temp1x", "temp1_", "temp99999999999_input"})
    EXPECT_EQ(text(other), "none") << other;
}

TEST(Hwmon, CleanNames) {
  EXPECT_EQ(clean_hwmon_name("applesmc.768\n"), "applesmc_768");
  EXPECT_EQ(clean_hwmon_name("__A b\"\xff:c__"), "a_b__:c");
  EXPECT_EQ(clean_hwmon_name("___"), "");
  EXPECT_EQ(clean_hwmon_name(""), "");
}

TEST(Hwmon, Metrics) {
  const auto text = [](const HwmonMetric& m) { return fmt::format("{} {} {}", m.name, m.divisor, m.help); };
  EXPECT_EQ(text(hwmon_metric("temp", "input", false)),
            "node_hwmon_temp_celsius 1000 Hardware monitor for temperature (input)");
  EXPECT_EQ(text(hwmon_metric("temp", "type", false)), "node_hwmon_temp_type 1 Hardware monitor temp element type");
  EXPECT_EQ(text(hwmon_metric("fan", "input", true)),
            "node_hwmon_fan_input_rpm 1 Hardware monitor for fan revolutions per minute (input)");
  EXPECT_EQ(text(hwmon_metric("fan", "alarm", false)), "node_hwmon_fan_alarm 1 Hardware sensor alarm status (fan)");
  EXPECT_EQ(text(hwmon_metric("in", "max", false)), "node_hwmon_in_max_volts 1000 Hardware monitor for voltage (max)");
  EXPECT_EQ(
      text(hwmon_metric("power", "average_interval", false)),
      "node_hwmon_power_average_interval_seconds 1000 Hardware monitor power usage update interval (average_interval)");
  EXPECT_EQ(text(hwmon_metric("pwm", "", true)), "node_hwmon_pwm 1 Hardware monitor pwm element ");
  EXPECT_EQ(hwmon_metric("energy", "input", false).type, telemetry::MetricType::counter);
}

}  // namespace
}  // namespace weir::host
