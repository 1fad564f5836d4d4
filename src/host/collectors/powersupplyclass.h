// Batteries and mains (/sys/class/power_supply). The file uevent has all of a supply: one read instead of thirty.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// The metric of a line "POWER_SUPPLY_VOLTAGE_NOW=12229000". Nothing if the line is not reported as a number.
struct PowerSupplyValue {
  std::string_view metric;  // "voltage_volt"
  double value = 0;
};
std::optional<PowerSupplyValue> parse_power_supply_value(std::string_view line);

Result<std::unique_ptr<Collector>> make_powersupplyclass(const Options& options);

}  // namespace weir::host
