#include "http/negotiate.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

constexpr auto kText = Format::text;
constexpr auto kOpen = Format::openmetrics;

TEST(Negotiate, Formats) {
  struct Row {
    std::string accept;
    Format want;
  };
  const Row rows[] = {
      {"", kText},
      // Prometheus 2.42
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/"
       "plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpen},
      // Prometheus 3
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
       "openmetrics-text;version=0.0.1;q=0.5,text/"
       "plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       kOpen},
      {"text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5", kText},
      {"text/plain;version=0.0.4;q=0.4 , application/openmetrics-text ; version=1.0.0 ; q=0.5", kOpen},
      {"application/openmetrics-text", kOpen},
      {"APPLICATION/OpenMetrics-Text; Version=1.0.0; Q=1.0", kOpen},
      {"application/openmetrics-text; version=\"1.0.0\"", kOpen},
      {"application/openmetrics-text;version=0.0.1", kText},
      {"application/openmetrics-text;version=2.0.0", kText},
      {"application/openmetrics-text;q=0", kText},
      {"application/openmetrics-text;q=0,text/plain;q=0", kText},
      {"application/openmetrics-text;q=0.001", kOpen},
      {"application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text;q=1", kText},
      {"*/*", kText},
      {"application/*", kText},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
      {"text/*;q=0.9,application/openmetrics-text;q=0.8", kText},
      // The most exact element counts, not the first.
      {"*/*;q=1,text/plain;q=0.1,application/openmetrics-text;q=0.5", kOpen},
      // Weights that are none
      {"application/openmetrics-text;q=2", kText},
      {"application/openmetrics-text;q=-1", kText},
      {"application/openmetrics-text;q=0.5x", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text;q=0.1234", kText},
      {"application/openmetrics-text;q=NaN", kText},
      {"application/openmetrics-text;q=1.001", kText},
      {";;;,,,=;q=;\"", kText},
      {"\"application/openmetrics-text\"", kText},
      {"x;a=\"b,application/openmetrics-text\"", kText},
      {"\\", kText},
      {std::string("\0\x01\xff", 3), kText},
      {std::string(10240, ','), kText},
      {std::string(10240, 'a') + ",application/openmetrics-text", kText},
      {"application/openmetrics-text," + std::string(10240, 'a'), kOpen},
  };
  for (const Row& row : rows) EXPECT_EQ(negotiate_format(row.accept), row.want) << row.accept;
}

TEST(Negotiate, Encodings) {
  using enum Encoding;
  struct Row {
    std::string accept;
    Encoding want;
  };
  const Row rows[] = {
      {"", identity},
      {"gzip", gzip},
      {"GZIP", gzip},
      {"x-gzip", gzip},
      {"zstd", zstd},
      {"gzip, deflate, br, zstd", zstd},
      {"gzip;q=1.0, zstd;q=0.5", gzip},
      {"gzip;q=0", identity},
      {"gzip;q=0, zstd", zstd},
      {"gzip;q=0, *", zstd},
      {"*", zstd},
      {"*;q=0", identity},
      {"identity", identity},
      {"identity;q=0.5, gzip;q=0.4", identity},
      {"identity;q=0, gzip;q=0.001", gzip},
      {"identity;q=0", identity},
      {"identity;q=0, *;q=0", identity},
      {"deflate, br", identity},
      {"gzip;q=2", identity},
      {"gzip;q=abc, ,;", identity},
      {std::string(10240, ','), identity},
  };
  for (const Row& row : rows) EXPECT_EQ(negotiate_encoding(row.accept), row.want) << row.accept;
}

TEST(Negotiate, ContentTypesAreExact) {
  EXPECT_EQ(content_type(Format::text), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(content_type(Format::openmetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace weir::http
