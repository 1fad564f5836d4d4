#include "host/collectors/rapl.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Rapl, Names) {
  std::map<std::string, uint32_t> seen;
  const auto text = [&](std::string_view zone) {
    const RaplName name = rapl_name(zone, seen);
    return name.name + "#" + std::to_string(name.index);
  };
  EXPECT_EQ(text("package-1"), "package#1");
  EXPECT_EQ(text("dram"), "dram#0");
  EXPECT_EQ(text("dram"), "dram#1");
  EXPECT_EQ(text("core"), "core#0");
  EXPECT_EQ(text("psys-x"), "psys-x#0");
  EXPECT_EQ(text("a-1-2"), "a-1-2#0");
  EXPECT_EQ(text("-"), "-#0");
  EXPECT_EQ(text("x-99999999999"), "x-99999999999#0");
}

}  // namespace
}  // namespace weir::host
