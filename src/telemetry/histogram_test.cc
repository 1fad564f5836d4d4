#include "telemetry/histogram.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

constexpr std::array<double, 2> kBounds = {1, 2};

TEST(Histogram, ABoundBelongsToItsBucket) {
  Histogram<2> histogram(kBounds);
  for (const double value : {0.5, 1.0, 1.5, 2.0, 2.5, 100.0}) histogram.observe(value);
  histogram.observe(0.25, 4);
  const HistogramCounts<2> counts = histogram.counts();
  EXPECT_EQ(counts.counts, (std::array<uint64_t, 3>{6, 2, 2}));
  EXPECT_DOUBLE_EQ(counts.sum, 108.5);
}

TEST(Histogram, SumsAreWrittenCumulatively) {
  Histogram<2> a(kBounds);
  Histogram<2> b(kBounds);
  a.observe(1);
  b.observe(2);
  b.observe(3);
  HistogramCounts<2> sum = a.counts();
  sum += b.counts();
  Exposition out;
  out.family("h", MetricType::histogram, "H.");
  sum.write(out, kBounds);
  EXPECT_EQ(out.text(),
            "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"2.0\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
            "h_sum 6\nh_count 3\n");
}

}  // namespace
}  // namespace weir::telemetry
