#include "telemetry/exposition.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "telemetry/openmetrics.h"

namespace weir::telemetry {
namespace {

std::string openmetrics(const Exposition& exposition) {
  std::string out;
  append_openmetrics(out, exposition.text());
  return out;
}

TEST(Exposition, FamiliesAndValues) {
  Exposition out;
  out.single("a", MetricType::gauge, "Help.", 0.1);
  out.family("b_total", MetricType::counter, "Two.");
  out.sample({{"x", "1"}, {"y", ""}}, uint64_t{18446744073709551615U});
  out.sample({{"x", "2"}, {"y", "z"}}, -3);
  out.family("none", MetricType::gauge, "No sample, no trace.");
  out.family("c", MetricType::untyped, "Odd.");
  out.sample({{"v", "nan"}}, std::numeric_limits<double>::quiet_NaN());
  out.sample({{"v", "inf"}}, std::numeric_limits<double>::infinity());
  out.sample({{"v", "-inf"}}, -std::numeric_limits<double>::infinity());
  out.sample({{"v", "big"}}, 1e300);
  out.sample({{"v", "true"}}, true);
  EXPECT_EQ(out.text(),
            "# HELP a Help.\n# TYPE a gauge\na 0.1\n"
            "# HELP b_total Two.\n# TYPE b_total counter\n"
            "b_total{x=\"1\",y=\"\"} 18446744073709551615\nb_total{x=\"2\",y=\"z\"} -3\n"
            "# HELP c Odd.\n# TYPE c untyped\n"
            "c{v=\"nan\"} NaN\nc{v=\"inf\"} +Inf\nc{v=\"-inf\"} -Inf\nc{v=\"big\"} 1e+300\nc{v=\"true\"} 1\n");
}

TEST(Exposition, TextOfOthersIsEscapedAndValid) {
  struct Case {
    std::string_view value;
    std::string_view shown;
  };
  const std::array cases = {
      Case{"a\\b\"c\nd", "a\\\\b\\\"c\\nd"},
      Case{"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      Case{"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      Case{"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      Case{"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      Case{"\xF0\x9F\x98\x80!", "\xF0\x9F\x98\x80!"},
      Case{"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // beyond U+10FFFF
  };
  for (const Case& c : cases) {
    Exposition out;
    out.family("a", MetricType::gauge, "h");
    out.sample({{"l", c.value}}, 1);
    EXPECT_EQ(out.text(), "# HELP a h\n# TYPE a gauge\na{l=\"" + std::string(c.shown) + "\"} 1\n");
  }
}

TEST(Exposition, Histogram) {
  Exposition out;
  out.family("t_seconds", MetricType::histogram, "Times.");
  const std::array bounds = {0.001, 1.0};
  const std::array<uint64_t, 2> counts = {1, 2};
  out.histogram(bounds, counts, 5, 12.5);
  EXPECT_EQ(out.text(),
            "# HELP t_seconds Times.\n# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.001\"} 1\n"
            "t_seconds_bucket{le=\"1.0\"} 2\nt_seconds_bucket{le=\"+Inf\"} 5\nt_seconds_sum 12.5\nt_seconds_count 5\n");
}

TEST(Exposition, AFamilyWithoutASampleIsNotSeen) {
  Exposition out;
  out.family("a", MetricType::gauge, "h");
  EXPECT_EQ(out.text(), "");
  out.single("b", MetricType::gauge, "h", 1);
  const std::string only(out.text());
  EXPECT_EQ(only, "# HELP b h\n# TYPE b gauge\nb 1\n");
  out.family("c", MetricType::gauge, "h");
  EXPECT_EQ(out.text(), only);
  out.append("d 1\n");
  EXPECT_EQ(out.text(), only + "d 1\n");
}

TEST(OpenMetrics, FromText) {
  Exposition out;
  out.single("a_total", MetricType::counter, "Say \"x\" \\ and\nmore.", 1);
  out.single("b", MetricType::counter, "No suffix.", 2);
  out.single("c", MetricType::untyped, "U.", 3);
  out.single("d", MetricType::gauge, "G.", 4);
  EXPECT_EQ(openmetrics(out),
            "# TYPE a counter\n# HELP a Say \\\"x\\\" \\\\ and\\nmore.\na_total 1\n"
            "# TYPE b unknown\n# HELP b No suffix.\nb 2\n"
            "# TYPE c unknown\n# HELP c U.\nc 3\n"
            "# TYPE d gauge\n# HELP d G.\nd 4\n"
            "# EOF\n");
}

TEST(OpenMetrics, ASampleMayHoldWhatBeginsAComment) {
  Exposition out;
  out.family("a", MetricType::gauge, "h #1");
  out.sample({{"l", "#"}, {"m", "x\n# HELP a"}}, 1);
  out.sample({{"l", "b#"}}, 2);
  out.single("b", MetricType::gauge, "#", 3);
  EXPECT_EQ(openmetrics(out),
            "# TYPE a gauge\n# HELP a h #1\na{l=\"#\",m=\"x\\n# HELP a\"} 1\na{l=\"b#\"} 2\n"
            "# TYPE b gauge\n# HELP b #\nb 3\n# EOF\n");
}

TEST(OpenMetrics, NothingIsOnlyTheEnd) { EXPECT_EQ(openmetrics(Exposition()), "# EOF\n"); }

}  // namespace
}  // namespace weir::telemetry
