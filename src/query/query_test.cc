#include "query/query.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "flow/batch.h"
#include "query/planner.h"

namespace weir::query {
namespace {

// "name=column" or "name=first+second" for each dimension; or the error.
std::string meaning(std::string_view list) {
  const auto dimensions = parse_dimensions(list);
  if (!dimensions) return dimensions.error().message;
  std::string text;
  for (const Dimension& dimension : *dimensions) {
    if (!text.empty()) text += ' ';
    text += dimension.name;
    text += '=';
    for (size_t i = 0; i < dimension.columns.size(); ++i) {
      if (i > 0) text += '+';
      text += dimension.columns[i];
    }
    if (dimension.kind == Dimension::Kind::network) {
      text += fmt::format("/{}/{}", dimension.v4_bits, dimension.v6_bits);
    }
  }
  return text;
}

TEST(Dimensions, ColumnsAndTheNamesOfNfdump) {
  EXPECT_EQ(meaning(""), "");
  EXPECT_EQ(meaning("src_addr"), "src_addr=src_addr");
  EXPECT_EQ(meaning("srcip, DstPort"), "src_addr=src_addr dst_port=dst_port");
  EXPECT_EQ(meaning("ip"), "ip=src_addr+dst_addr");
  EXPECT_EQ(meaning("srcnet"), "srcnet=src_addr+src_net");
  EXPECT_EQ(meaning("record"), "proto=proto src_addr=src_addr src_port=src_port dst_addr=dst_addr dst_port=dst_port");
  EXPECT_EQ(meaning("src_addr/24"), "src_addr/24=src_addr/24/64");
  EXPECT_EQ(meaning("dst_addr/24/48"), "dst_addr/24/48=dst_addr/24/48");
  EXPECT_EQ(meaning("srcip6/48"), "src_addr/48=src_addr/32/48");
  EXPECT_EQ(meaning("bytes"), "flow_bytes=bytes");
  for (const flow::ColumnInfo& column : flow::kColumns) EXPECT_TRUE(parse_dimensions(column.name)) << column.name;
}

TEST(Dimensions, MistakesAreExplained) {
  for (const char* bad : {"colour", "src_addr,", ",", "src_addr/33/0", "src_addr/129", "src_addr/", "src_addr/x",
                          "src_port/24", "ip/24", "ip,port", "src_addr,srcip", "src_addr;"}) {
    EXPECT_FALSE(parse_dimensions(bad)) << bad;
  }
  EXPECT_NE(meaning("colour\x1b[31m").find("colour\\x1b[31m"), std::string::npos);
}

TEST(Statistic, IsReadAsNfdumpDoes) {
  TopQuery query;
  ASSERT_TRUE(parse_statistic("srcip", query));
  EXPECT_EQ(query.order, Metric::flows);
  ASSERT_TRUE(parse_statistic("dstport:p/packets:a", query));
  EXPECT_EQ(query.by.size(), 2u);
  EXPECT_EQ(query.by[0].name, "proto");
  EXPECT_EQ(query.order, Metric::packets);
  EXPECT_TRUE(query.ascending);
  ASSERT_TRUE(parse_statistic("srcip/24/bytes", query));
  EXPECT_EQ(query.by[0].v4_bits, 24);
  EXPECT_EQ(query.order, Metric::bytes);
  EXPECT_FALSE(query.ascending);
  for (const char* bad : {"colour", "srcip/colour", "srcip/", "/bytes:x"})
    EXPECT_FALSE(parse_statistic(bad, query)) << bad;
}

TEST(Columns, OnlyNamesOfTheSchema) {
  EXPECT_EQ(parse_columns("src_addr, bytes")->size(), 2u);
  EXPECT_FALSE(parse_columns("srcip"));
  EXPECT_FALSE(parse_columns("bytes; DROP TABLE flows"));
}

TEST(Planner, TheWindowIsHalfOpenAndPrunable) {
  const Window window{timestamp_from_us(1'000'000), timestamp_from_us(2'000'000)};
  EXPECT_EQ(where_sql(window, *filter::parse_filter("port 80"), duckdb_dialect()),
            "time_received >= make_timestamp(1000000) AND time_received < make_timestamp(2000000) AND "
            "(src_port = 80 OR dst_port = 80)");
  EXPECT_EQ(where_sql({}, Filter{}, duckdb_dialect()), "true");
}

TEST(Planner, FlowsAreAPlainSelect) {
  FlowsQuery query;
  query.columns = *parse_columns("src_addr,bytes");
  query.limit = 5;
  EXPECT_EQ(plan_flows(query, duckdb_dialect()), "SELECT \"src_addr\", \"bytes\" FROM flows WHERE true LIMIT 5");
  query.order = "bytes";
  query.ascending = false;
  query.limit = 0;
  EXPECT_EQ(plan_flows(query, duckdb_dialect()),
            "SELECT \"src_addr\", \"bytes\" FROM flows WHERE true ORDER BY \"bytes\" DESC NULLS LAST");
}

TEST(Planner, TheShapeOfTopIsThatOfItsColumns) {
  TopQuery query;
  query.by = *parse_dimensions("src_addr,proto");
  TopShape shape = shape_of(query);
  EXPECT_EQ(shape.flows, 2u);
  EXPECT_EQ(shape.bytes, 4u);
  EXPECT_EQ(shape.rate, 0u);
  EXPECT_EQ(shape.totals, 5u);
  query.order = Metric::bps;
  shape = shape_of(query);
  EXPECT_EQ(shape.rate, 5u);
  EXPECT_EQ(shape.totals, 6u);
}

}  // namespace
}  // namespace weir::query
