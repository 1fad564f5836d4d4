#include "host/collectors/powersupplyclass.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(PowerSupply, Values) {
  const auto volt = parse_power_supply_value("POWER_SUPPLY_VOLTAGE_NOW=12229000");
  ASSERT_TRUE(volt);
  EXPECT_EQ(volt->metric, "voltage_volt");
  EXPECT_EQ(volt->value, 12.229);
  EXPECT_EQ(parse_power_supply_value("POWER_SUPPLY_TEMP=-55")->value, -5.5);
  EXPECT_EQ(parse_power_supply_value("POWER_SUPPLY_ONLINE=1")->metric, "online");
  for (const char* other :
       {"", "POWER_SUPPLY_", "POWER_SUPPLY_ONLINE", "POWER_SUPPLY_ONLINE=", "POWER_SUPPLY_ONLINE=yes",
        "POWER_SUPPLY_STATUS=5", "ONLINE=1", "POWER_SUPPLY_ONLINE=99999999999999999999"})
    EXPECT_FALSE(parse_power_supply_value(other)) << other;
}

}  // namespace
}  // namespace weir::host
