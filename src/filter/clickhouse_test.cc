#include "filter/clickhouse.h"

#include <gtest/gtest.h>

#include <random>

#include "filter/sql.h"
#include "filter/test_generator.h"

namespace weir::filter {
namespace {

struct Asked {
  std::string sql;
  std::vector<Parameter> parameters;
};

Asked ask(std::string_view text) {
  Asked asked;
  asked.sql = filter_sql(*parse_filter(text), ClickHouseDialect(asked.parameters));
  return asked;
}

TEST(ClickHouseFilter, ValuesAreParameters) {
  const Asked asked = ask("src net 192.0.2.0/24 and dst port 443 and url = \"o'neil\\\t\"");
  EXPECT_EQ(asked.sql, "(src_addr BETWEEN {p0:IPv6} AND {p1:IPv6} AND dst_port = {p2:UInt64} AND url = {p3:String})");
  EXPECT_EQ(asked.parameters, (std::vector<Parameter>{{"p0", "IPv6", "::ffff:192.0.2.0"},
                                                      {"p1", "IPv6", "::ffff:192.0.2.255"},
                                                      {"p2", "UInt64", "443"},
                                                      {"p3", "String", "o'neil\\\\\\t"}}));
}

TEST(ClickHouseFilter, ListsTimesAndPatterns) {
  Asked asked = ask("port in [80, 443] and ip in [10.0.0.1, 2001:db8::1]");
  EXPECT_EQ(asked.sql,
            "((src_port IN {p0:Array(UInt64)} OR dst_port IN {p1:Array(UInt64)}) AND "
            "(src_addr IN {p2:Array(IPv6)} OR dst_addr IN {p3:Array(IPv6)}))");
  EXPECT_EQ(asked.parameters[0].value, "[80,443]");
  EXPECT_EQ(asked.parameters[2].value, "['::ffff:10.0.0.1','2001:db8::1']");

  asked = ask("first seen >= 2026-11-22T14:05 and url like 'a\\%' and url ~ '^a.b'");
  EXPECT_EQ(asked.sql,
            "(time_flow_start >= {p0:DateTime64(6,'UTC')} AND url LIKE {p1:String} AND match(url, {p2:String}))");
  EXPECT_EQ(asked.parameters[0].value, "2026-11-22 14:05:00.000000");
  EXPECT_EQ(asked.parameters[1].value, R"(a\\\\%)");  // doubled for LIKE, and again for the parameter
  EXPECT_EQ(asked.parameters[2].value, "(?-s)^a.b");

  asked = ask("not (flags S or ingress acl 10)");
  EXPECT_EQ(asked.sql,
            "NOT ifNull(((proto = 6 AND bitAnd(tcp_flags, {p0:UInt64}) = {p0:UInt64}) OR "
            "position(concat('-', ingress_acl, '-'), {p1:String}) > 0), false)");
  EXPECT_EQ(asked.parameters[1].value, "-0000000a-");
}

// Whatever is asked: what was typed is in the parameters, and each of them is in the text.
TEST(ClickHouseFilter, NothingOfTheUserIsInTheText) {
  std::mt19937 random(3);
  FilterGenerator generator(random);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Parameter> parameters;
    const std::string sql = filter_sql(generator.filter(3), ClickHouseDialect(parameters));
    for (const char* typed : {"'eve", "Eve", "xx a", "65535", "192.0.2", "2001:db8"}) {
      EXPECT_EQ(sql.find(typed), std::string::npos) << sql;
    }
    for (const Parameter& parameter : parameters) {
      EXPECT_NE(sql.find("{" + parameter.name + ":" + parameter.type + "}"), std::string::npos) << sql;
    }
  }
}

}  // namespace
}  // namespace weir::filter
