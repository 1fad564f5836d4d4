#include "host/collectors/interrupts.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Interrupts, Lines) {
  EXPECT_EQ(parse_interrupt_cpus("   CPU0   CPU12  "), (std::vector<std::string_view>{"0", "12"}));
  EXPECT_TRUE(parse_interrupt_cpus("").empty());
  EXPECT_TRUE(parse_interrupt_cpus("CPU0 nonsense").empty());
  Interrupt interrupt;
  ASSERT_TRUE(parse_interrupt_line(" 28:     0   5 PCI-MSIX-0000:00:01.0   0-edge \"virtio0\"", 2, interrupt));
  EXPECT_EQ(interrupt.name, "28");
  EXPECT_EQ(interrupt.counts[1], "5");
  EXPECT_EQ(interrupt.info, "PCI-MSIX-0000:00:01.0");
  EXPECT_EQ(interrupt.devices, "0-edge \"virtio0\"");
  ASSERT_TRUE(parse_interrupt_line("NMI:1 2 Non-maskable   interrupts", 2, interrupt));
  EXPECT_EQ(interrupt.info, "Non-maskable interrupts");
  EXPECT_EQ(interrupt.devices, "");
  for (const char* other : {"", "ERR:          0", "MIS: 0", "24 1 2 x", "24: 1", "24: 1 2", "24: 1 x y z", ":"})
    EXPECT_FALSE(parse_interrupt_line(other, 2, interrupt)) << other;
}

}  // namespace
}  // namespace weir::host
