#include "host/collectors/loadavg.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Loadavg, Text) {
  EXPECT_EQ(parse_loadavg("0.02 1.5 10 2/345 6789\n"), (std::array{0.02, 1.5, 10.0}));
  for (const char* damaged : {"", "\n", "0.02", "0.02 1.5", "a b c", "0.02 1.5 1x 2/3 4"})
    EXPECT_FALSE(parse_loadavg(damaged)) << damaged;
}

}  // namespace
}  // namespace weir::host
