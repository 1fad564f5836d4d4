// Values that an element does not have: null, and counted.
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Wire;

// The column of the rows of records of one field, with what was counted.
std::string values(const FieldOf& field, const std::vector<uint64_t>& records, const char* column) {
  Wire body;
  for (const uint64_t value : records) body.u32(1).number(value, field.length);
  Harness h;
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{2, 4}, field})).add(test::set(256, body))));
  std::string text;
  for (test::Row row : h.rows()) text += (row.contains(column) ? row[column] : "null") + " ";
  return text + h.anomalies();
}

TEST(ElementRanges, AreThoseOfTheRegistry) {
  EXPECT_EQ(values({61, 1}, {0, 1, 2, 255}, "flow_direction"), "0 1 null null value_out_of_range*2");
  EXPECT_EQ(values({61, 4}, {0, 1, 2, 255}, "flow_direction"), "0 1 null null value_out_of_range*2");
  EXPECT_EQ(values({61, 1}, {1}, "flow_direction"), "1 ");
  EXPECT_EQ(values({61, 1}, {255}, "flow_direction"), "null value_out_of_range");
  EXPECT_EQ(values({9, 1}, {0, 32, 33}, "src_net"), "0 32 null value_out_of_range");
  EXPECT_EQ(values({13, 1}, {0, 32, 33}, "dst_net"), "0 32 null value_out_of_range");
  EXPECT_EQ(values({29, 1}, {33, 128, 129}, "src_net"), "33 128 null value_out_of_range");
  EXPECT_EQ(values({59, 2}, {0, 4095, 4096}, "dst_vlan"), "0 4095 null value_out_of_range");
  EXPECT_EQ(values({244, 1}, {7, 8}, "vlan_priority"), "7 null value_out_of_range");
  EXPECT_EQ(values({88, 2}, {8191, 8192}, "fragment_offset"), "8191 null value_out_of_range");
  EXPECT_EQ(values({31, 4}, {1048575, 1048576}, "ipv6_flow_label"), "1048575 null value_out_of_range");
  EXPECT_EQ(values({136, 1}, {0, 5, 6}, "flow_end_reason"), "0 5 null value_out_of_range");
  EXPECT_EQ(values({239, 1}, {3, 4}, "biflow_direction"), "3 null value_out_of_range");
  EXPECT_EQ(values({229, 1}, {2, 3}, "nat_originating_realm"), "2 null value_out_of_range");
}

}  // namespace
}  // namespace weir::decode
