#include "telemetry/process_metrics.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

TEST(ProcessMetrics, Stat) {
  const auto stat = parse_process_stat(
      "42 (a) b (c) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 3 4 20 0 1 0 7700 6234112 798 18446744073709551615 1 1\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpu_ticks, 200U);
  EXPECT_EQ(stat->start_ticks, 7700U);
  EXPECT_EQ(stat->virtual_bytes, 6234112U);
  EXPECT_EQ(stat->resident_pages, 798U);
}

TEST(ProcessMetrics, DamagedStat) {
  for (const char* damaged : {"", "42 (a", "42 (a) S", "42 (a) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 3 4 20 0 1 0 7700",
                              "42 (a) S 1 42 42 0 -1 4194560 9 0 0 0 x 50 3 4 20 0 1 0 7700 6234112 798 1 1"})
    EXPECT_FALSE(parse_process_stat(damaged)) << damaged;
}

TEST(ProcessMetrics, OfThisProcess) {
  Exposition out;
  ProcessMetrics metrics;
  metrics.write(out);
  size_t families = 0;
  for (size_t at = 0; (at = out.text().find("# TYPE process_", at)) != std::string_view::npos; ++at) ++families;
  EXPECT_EQ(families, 7U);
  EXPECT_EQ(out.text().find("process_open_fds 0\n"), std::string_view::npos);
}

}  // namespace
}  // namespace weir::telemetry
