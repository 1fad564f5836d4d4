// Batteries and mains (/sys/class/power_supply): all of one in its file uevent, one read instead of thirty.
#pragma once

#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// One line "POWER_SUPPLY_VOLTAGE_NOW=12229000": what the metric is named, and by what the number is divided. Nothing if
// it is not a number that is reported.
struct PowerSupplyValue {
  std::string_view metric;  // "voltage_volt"
  double value = 0;
};
std::optional<PowerSupplyValue> parse_power_supply_value(std::string_view line);

Result<std::unique_ptr<Collector>> make_powersupplyclass(const Options& options);

}  // namespace weir::host
