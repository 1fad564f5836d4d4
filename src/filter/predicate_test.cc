// Conditions that are easily got wrong, on rows written by hand. That the predicate means the same as the SQL is tested
// in query/filter_sql_test.cc.
#include "filter/predicate.h"

#include <gtest/gtest.h>

namespace weir::filter {
namespace {

using flow::Column;

class PredicateOnRows : public ::testing::Test {
 protected:
  template <auto column>
  void set(size_t row, flow::ValueOf<column> value) {
    batch.values<column>()[row] = value;
    batch.set_valid(column, row, 1);
  }

  void SetUp() override {
    batch.append(4, *IpAddress::parse("192.0.2.250"));
    // 0: a TCP flow of a second. 1: UDP without times. 2: ICMP. 3: nothing but an address and texts.
    set<Column::src_addr>(0, *IpAddress::parse("192.0.2.1"));
    set<Column::src_addr>(1, *IpAddress::parse("2001:db8::1"));
    set<Column::src_addr>(3, *IpAddress::parse("192.0.2.3"));
    set<Column::proto>(0, 6);
    set<Column::proto>(1, 17);
    set<Column::proto>(2, 1);
    set<Column::tcp_flags>(0, 18);
    set<Column::tcp_flags>(1, 18);
    set<Column::src_port>(0, 443);
    set<Column::dst_port>(0, 50'000);
    set<Column::src_port>(1, 53);
    set<Column::dst_port>(1, 53);
    set<Column::icmp_type>(0, 8);
    set<Column::icmp_type>(2, 8);
    set<Column::bytes>(0, UINT64_MAX);
    set<Column::packets>(0, 10);
    set<Column::bytes>(1, 100);
    set<Column::packets>(1, 0);
    set<Column::time_flow_start>(0, 1'000'000);
    set<Column::time_flow_end>(0, 2'000'000);
    set<Column::ingress_acl>(3, batch.add_text("0000000a-00000001-000000ff"));
    set<Column::url>(3, batch.add_text("a\nb%ü"));
    set<Column::observation_domain_id>(0, 0x0102);
    batch.settle();
  }

  std::string rows_of(std::string_view text) {
    auto filter = parse_filter(text);
    if (!filter) return filter.error().show(text);
    std::vector<uint8_t> rows;
    Predicate(*std::move(filter)).match(batch, rows);
    std::string found;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows[row] != 0) found += std::to_string(row);
    }
    return found;
  }

  flow::FlowBatch batch{64};
};

TEST_F(PredicateOnRows, NullIsFalseAndItsNegationTrue) {
  EXPECT_EQ(rows_of("any"), "0123");
  EXPECT_EQ(rows_of("port 53"), "1");
  EXPECT_EQ(rows_of("not port 53"), "023");
  EXPECT_EQ(rows_of("port != 53"), "0");
  EXPECT_EQ(rows_of("user_name = eve"), "");  // a column without values
  EXPECT_EQ(rows_of("not user_name = eve"), "0123");
}

TEST_F(PredicateOnRows, FlagsAndTypesAreOfTheirProtocols) {
  EXPECT_EQ(rows_of("flags SA"), "0");
  EXPECT_EQ(rows_of("flags = S"), "");
  EXPECT_EQ(rows_of("flags any SF"), "0");
  EXPECT_EQ(rows_of("not flags SF"), "123");  // neither
  EXPECT_EQ(rows_of("not (flags SF)"), "0123");
  EXPECT_EQ(rows_of("flags 18"), "0");
  EXPECT_EQ(rows_of("tcp_flags 18"), "01");
  EXPECT_EQ(rows_of("icmp-type 8"), "2");
  EXPECT_EQ(rows_of("icmp_type 8"), "02");
}

TEST_F(PredicateOnRows, RatesOverflowNowhere) {
  EXPECT_EQ(rows_of("bps > 18446744073709551614"), "0");
  EXPECT_EQ(rows_of("pps 10"), "0");
  EXPECT_EQ(rows_of("bpp 1844674407370955161"), "0");
  EXPECT_EQ(rows_of("bpp 0"), "1");  // no packets
  EXPECT_EQ(rows_of("duration 1000"), "0");
  EXPECT_EQ(rows_of("flows 1"), "0123");
}

TEST_F(PredicateOnRows, Texts) {
  EXPECT_EQ(rows_of("url like 'a%'"), "3");
  EXPECT_EQ(rows_of("url like 'a_b__'"), "3");
  EXPECT_EQ(rows_of("url like '%_%_%_%_%_'"), "3");
  EXPECT_EQ(rows_of("url like 'a_b___'"), "");
  EXPECT_EQ(rows_of("url ~ 'a.b'"), "");  // not over lines
  EXPECT_EQ(rows_of("url ~ 'b%.$'"), "3");
  EXPECT_EQ(rows_of("ingress acl 0xff"), "3");
  EXPECT_EQ(rows_of("ingress acl 255"), "3");
  EXPECT_EQ(rows_of("ingress acl 15"), "");
  EXPECT_EQ(rows_of("ingress acl > 254"), "3");
  EXPECT_EQ(rows_of("ingress acl > 255"), "");
  EXPECT_EQ(rows_of("ingress acl <= 1"), "3");
  EXPECT_EQ(rows_of("ingress acl in [1 2]"), "3");
  EXPECT_EQ(rows_of("ingress acl 'FF'"), "3");
}

TEST_F(PredicateOnRows, AddressesAndBytesOfNumbers) {
  EXPECT_EQ(rows_of("ipv4"), "03");
  EXPECT_EQ(rows_of("not ipv4"), "12");
  EXPECT_EQ(rows_of("src_addr > 192.0.2.1"), "13");
  EXPECT_EQ(rows_of("engine-type 1 and engine-id 2"), "0");
  EXPECT_EQ(rows_of("src_port = dst_port"), "1");
  EXPECT_EQ(rows_of("src and dst port 53"), "1");
  EXPECT_EQ(rows_of("src or dst port 50000"), "0");
}

}  // namespace
}  // namespace weir::filter
