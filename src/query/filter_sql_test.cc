// The SQL of filters against the predicate on batches: DuckDB and the predicate are asked about every row of the same
// random flows. Both are written for themselves, from the tree.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "duck/duck.h"
#include "filter/predicate.h"
#include "filter/sql.h"
#include "filter/test_generator.h"
#include "query/dialect.h"
#include "query/functions.h"

namespace weir::query {
namespace {

using filter::Filter;
using filter::filter_sql;
using filter::parse_filter;

std::string_view type_name(flow::ColumnType type) {
  constexpr std::string_view kNames[] = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UUID",
                                         "UBIGINT",  "TIMESTAMP", "VARCHAR",  "DOUBLE"};
  return kNames[static_cast<size_t>(type)];
}

class FilterSql : public ::testing::Test {
 protected:
  static constexpr size_t kRows = 512;

  void SetUp() override {
    ASSERT_TRUE(add_address_functions(connection));
    generator.fill(batch, kRows);
    make_table();
  }

  // The rows of the batch as a table of DuckDB.
  void make_table() {
    std::string columns;
    for (const flow::ColumnInfo& column : batch.schema().columns()) {
      columns += fmt::format(", {} {}", duck::quote_name(column.name), type_name(column.type));
    }
    std::string values;
    for (size_t row = 0; row < kRows; ++row) {
      values += fmt::format("{}({}", row > 0 ? "," : "", row);
      for (size_t i = 0; i < batch.schema().size(); ++i) values.append(",").append(literal(flow::ColumnIndex(i), row));
      values += ")";
    }
    for (const std::string& sql :
         {"CREATE TABLE flows(i UINTEGER" + columns + ")", "INSERT INTO flows VALUES " + values}) {
      const auto done = connection.run(sql);
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  std::string literal(flow::ColumnIndex column, size_t row) const {
    using flow::ColumnType;
    if (!batch.is_valid(column, row)) return "NULL";
    const Dialect& dialect = duckdb_dialect();
    const void* data = batch.raw(column);
    switch (batch.schema()[column].type) {
      case ColumnType::u8:
        return dialect.number(static_cast<const uint8_t*>(data)[row]);
      case ColumnType::u16:
        return dialect.number(static_cast<const uint16_t*>(data)[row]);
      case ColumnType::u32:
        return dialect.number(static_cast<const uint32_t*>(data)[row]);
      case ColumnType::u64:
      case ColumnType::mac:
        return dialect.number(static_cast<const uint64_t*>(data)[row]);
      case ColumnType::address:
        return dialect.address(static_cast<const IpAddress*>(data)[row]);
      case ColumnType::timestamp:
        return dialect.time(timestamp_from_us(static_cast<const int64_t*>(data)[row]));
      case ColumnType::text:
        return dialect.text(batch.text(static_cast<const flow::TextRef*>(data)[row]));
      case ColumnType::f64:
        break;
    }
    return "NULL";
  }

  std::vector<size_t> by_sql(const Filter& filter) {
    const std::string sql = "SELECT i FROM flows WHERE " + filter_sql(filter, duckdb_dialect()) + " ORDER BY i";
    auto result = connection.query(sql);
    EXPECT_TRUE(result) << sql << "\n" << result.error().message;
    std::vector<size_t> found;
    while (result) {
      const auto chunk = result->next();
      EXPECT_TRUE(chunk) << sql << "\n" << chunk.error().message;
      if (!chunk || !*chunk) break;
      for (size_t row = 0; row < (*chunk)->rows(); ++row) found.push_back((*chunk)->value<uint32_t>(0, row));
    }
    return found;
  }

  std::vector<size_t> by_predicate(Filter filter) const {
    std::vector<uint8_t> rows;
    filter::Predicate(std::move(filter)).match(batch, rows);
    std::vector<size_t> found;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows[row] != 0) found.push_back(row);
    }
    return found;
  }

  // Whether both find the same; counts the filters that tell rows apart.
  void expect_same(Filter filter) {
    const std::string text = to_string(filter);
    const std::vector<size_t> wanted = by_sql(filter);
    const std::vector<size_t> found = by_predicate(std::move(filter));
    ASSERT_EQ(found, wanted) << text;
    some += !wanted.empty() && wanted.size() < kRows;
  }

  std::mt19937 random{7};
  filter::FilterGenerator generator{random};
  flow::FlowBatch batch{kRows};
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  size_t some = 0;  // filters that tell rows apart: the test must not be about all and nothing
};

TEST_F(FilterSql, FindsWhatThePredicateFinds) {
  const char* more = std::getenv("WEIR_FILTERS");
  const size_t filters = more != nullptr ? std::strtoul(more, nullptr, 10) : 3000;
  for (size_t i = 0; i < filters && !HasFatalFailure(); ++i) {
    expect_same(i % 2 == 0 ? generator.primitive() : generator.filter(3));
  }
  EXPECT_GT(some, filters / 2);
}

TEST_F(FilterSql, EveryFieldTellsRowsApart) {
  for (const filter::FieldRef& field : filter::all_fields()) {
    some = 0;
    for (int i = 0; i < 12 && !HasFatalFailure(); ++i) expect_same(generator.condition(field));
    EXPECT_GT(some, 0u) << field->words;
  }
}

TEST_F(FilterSql, TextAndItsNegationSplitTheTable) {
  for (const char* text : {"port 80",
                           "port != 53",
                           "not src as 64500",
                           "duration > 500",
                           "flags S",
                           "icmp-type 8 or ip 192.0.2.1",
                           "bytes = 18446744073709551615",
                           "src net 2001:db8::/125",
                           "vlan 100",
                           "mac != 00:00:00:00:00:64",
                           "asa user eve",
                           "ingress acl != 10",
                           "nat ip 192.0.2.1",
                           "inner src net 192.0.2.0/30",
                           "not (ipv4 and proto tcp)",
                           "bps > 1k",
                           "src_port = dst_port",
                           "url like 'e%'",
                           "src or dst port 6",
                           "flows > 1"}) {
    const auto filter = parse_filter(text);
    const auto negation = parse_filter(fmt::format("not ({})", text));
    ASSERT_TRUE(filter && negation) << text;
    EXPECT_EQ(by_sql(*filter).size() + by_sql(*negation).size(), kRows) << text;
  }
}

TEST_F(FilterSql, ListsOfManyNetworksMeanTheSame) {
  for (int i = 0; i < 100 && !HasFatalFailure(); ++i) {
    filter::AddressIn in{filter::known_field(generator.pick(2) == 0 ? "ip" : "src ip"),
                         generator.prefixes(17 + generator.pick(30))};
    std::erase_if(in.ranges, [](const IpPrefix& range) { return range.last == *IpAddress::parse("255.255.255.255"); });
    expect_same(Filter{std::move(in)});
  }
  EXPECT_GT(some, 50u);
}

TEST_F(FilterSql, TheLargestFiltersAreAnswered) {
  std::string list = "ip in [";
  for (size_t i = 0; i < filter::kMaxFilterListEntries; ++i) list += fmt::format("10.{}.{}.0/25 ", i / 256, i % 256);
  const auto networks = parse_filter(list + "]");
  ASSERT_TRUE(networks);
  EXPECT_TRUE(by_sql(*networks).empty());

  std::string deep;
  for (size_t i = 0; i < filter::kMaxFilterDepth; ++i) deep += i % 2 == 0 ? "not " : "(";
  deep += "port 6" + std::string(filter::kMaxFilterDepth / 2, ')');
  const auto nested = parse_filter(deep);
  ASSERT_TRUE(nested);
  EXPECT_EQ(by_sql(*nested), by_sql(*parse_filter("port 6")));
}

TEST(FilterSqlText, ConditionsOnOneColumnStayBareComparisons) {
  const auto sql = [](std::string_view text) { return filter_sql(*parse_filter(text), duckdb_dialect()); };
  EXPECT_EQ(
      sql("src net 192.0.2.0/24 and dst port 443"),
      "(src_addr BETWEEN '00000000-0000-0000-0000-ffffc0000200'::UUID AND '00000000-0000-0000-0000-ffffc00002ff'::UUID"
      " AND dst_port = 443)");
  EXPECT_EQ(sql("asa user \"o'neil\""), "user_name = 'o''neil'");
  EXPECT_EQ(sql("vlan != 7"), "(vlan_id <> 7 AND src_vlan <> 7 AND dst_vlan <> 7)");
  EXPECT_EQ(sql("not proto udp"), "((proto = 17) IS NOT TRUE)");
}

}  // namespace
}  // namespace weir::query
