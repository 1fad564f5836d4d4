// Columns that the operator adds: which elements fill them, from every protocol, and what happens when they change.
#include <gtest/gtest.h>

#include <bit>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::ColumnType;
using flow::ConfiguredColumn;
using flow::Conversion;
using test::Harness;
using test::Row;
using test::Wire;

DecoderOptions with(const std::vector<ConfiguredColumn>& columns, bool other = true) {
  DecoderOptions options;
  options.other = other;
  options.schema = flow::Schema::flows_with(columns).value();
  return options;
}

std::string at(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? "null" : found->second;
}

constexpr uint32_t kCisco = 9;

TEST(ConfiguredColumns, ValuesOfEveryTypeComeFromTheirElements) {
  const std::vector<test::FieldOf> fields = {{1, 4},
                                             {1001, 3, kCisco},
                                             {1002, 16, kCisco},
                                             {1003, 6, kCisco},
                                             {1004, 8, kCisco},
                                             {1005, 4, kCisco},
                                             {1006, 5, kCisco},
                                             {1007, 1, kCisco},
                                             {1008, 2, kCisco}};
  Harness harness(with({
      {"c_u32", ColumnType::u32, kCisco, 1001, {}},
      {"c_address", ColumnType::address, kCisco, 1002, {}},
      {"c_mac", ColumnType::mac, kCisco, 1003, {}},
      {"c_time", ColumnType::timestamp, kCisco, 1004, {}},
      {"c_real", ColumnType::f64, kCisco, 1005, {}},
      {"c_text", ColumnType::text, kCisco, 1006, {}},
      {"c_u8", ColumnType::u8, kCisco, 1007, {}},
      {"c_high", ColumnType::u64, kCisco, 1008, Conversion::high_byte},
      {"c_low", ColumnType::u64, kCisco, 1008, Conversion::low_byte},
  }));
  Wire record;
  record.u32(1500).number(0x010203, 3).add(Wire::hex("20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"));
  record.number(0x0a0b0c0d0e0f, 6).u64(1'700'000'000'123).u32(std::bit_cast<uint32_t>(1.5F)).text("hello").u8(200);
  record.u16(0x0305);
  // Two records: more than one row goes through the fast loops.
  harness.feed(
      test::ipfix({}, test::set(2, test::template_record(256, fields)).add(test::set(256, Wire(record).add(record)))));
  ASSERT_EQ(harness.rows().size(), 2u);
  for (const Row& row : harness.rows()) {
    EXPECT_EQ(at(row, "bytes"), "1500");
    EXPECT_EQ(at(row, "c_u32"), "66051");
    EXPECT_EQ(at(row, "c_address"), "2001:db8::1");
    EXPECT_EQ(at(row, "c_mac"), "0a:0b:0c:0d:0e:0f");
    EXPECT_EQ(at(row, "c_time"), "2023-11-14T22:13:20.123000Z");
    EXPECT_EQ(at(row, "c_real"), "1.5");
    EXPECT_EQ(at(row, "c_text"), "hello");
    EXPECT_EQ(at(row, "c_u8"), "200");
    EXPECT_EQ(at(row, "c_high"), "3");
    EXPECT_EQ(at(row, "c_low"), "5");
    EXPECT_EQ(at(row, "other"), "null") << "an element with a column is in no other";
  }
  EXPECT_EQ(harness.anomalies(), "");
  EXPECT_EQ(harness.imbalance(), "");
}

TEST(ConfiguredColumns, AnElementMayFillAColumnOfThisVersionAndOneMore) {
  Harness harness(with({{"wire_bytes", ColumnType::u64, 0, 1, {}}}));
  harness.feed(test::netflow9({.count = 2},
                              test::set(0, test::template_record(256, {{1, 4}})).add(test::set(256, Wire().u32(77)))));
  harness.feed(test::netflow5({.count = 1}, Wire().zeros(20).u32(88).zeros(24)));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(at(harness.rows()[0], "bytes"), "77");
  EXPECT_EQ(at(harness.rows()[0], "wire_bytes"), "77");
  EXPECT_EQ(at(harness.rows()[1], "bytes"), "88");
  EXPECT_EQ(at(harness.rows()[1], "wire_bytes"), "88");
}

TEST(ConfiguredColumns, ElementsOfOneColumnAreInOrderOfPreference) {
  Harness harness(with({{"c", ColumnType::u32, kCisco, 2, {}}, {"c", ColumnType::u32, kCisco, 1, {}}}));
  const auto record = [](uint32_t one, uint32_t two) { return Wire().u32(one).u32(two); };
  harness.feed(test::ipfix({}, test::set(2, test::template_record(256, {{1, 4, kCisco}, {2, 4, kCisco}}))
                                   .add(test::set(256, record(10, 20).add(record(11, 0))))));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(at(harness.rows()[0], "c"), "20");
  EXPECT_EQ(at(harness.rows()[1], "c"), "11");
}

TEST(ConfiguredColumns, WhatDoesNotFitIsNullAndCounted) {
  Harness harness(with({{"c_u8", ColumnType::u8, kCisco, 1, {}},
                        {"c_label", ColumnType::u16, kCisco, 2, Conversion::mpls_label},
                        {"c_mac", ColumnType::mac, kCisco, 3, {}}}));
  // 300 in a u8, a label of 20 bits in a u16, a MAC address of 5 bytes.
  harness.feed(test::ipfix(
      {},
      test::set(2, test::template_record(256, {{1, 4}, {1, 2, kCisco}, {2, 3, kCisco}, {3, 5, kCisco}}))
          .add(test::set(
              256, Wire().u32(5).u16(300).number(0xfffff1, 3).zeros(5).u32(6).u16(30).number(0x000101, 3).zeros(5)))));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(at(harness.rows()[0], "c_u8"), "null");
  EXPECT_EQ(at(harness.rows()[0], "c_label"), "null");
  EXPECT_EQ(at(harness.rows()[0], "bytes"), "5");
  EXPECT_EQ(at(harness.rows()[1], "c_u8"), "30");
  EXPECT_EQ(at(harness.rows()[1], "c_label"), "16");
  EXPECT_EQ(at(harness.rows()[1], "bytes"), "6");
  EXPECT_EQ(harness.anomalies(), "value_out_of_range*2 bad_field_length*2");
}

TEST(ConfiguredColumns, VariableLengthAndLatinText) {
  Harness harness(with({{"vendor_text", ColumnType::text, 35632, 500, {}}}));
  harness.feed(test::ipfix({}, test::set(2, test::template_record(256, {{1, 4}, {500, 65535, 35632}}))
                                   .add(test::set(256, Wire().u32(1).u8(3).text("a\xe4z").u32(2).u8(0)))));
  ASSERT_EQ(harness.rows().size(), 2u);
  EXPECT_EQ(at(harness.rows()[0], "vendor_text"), "a\\xe4z");
  EXPECT_EQ(at(harness.rows()[1], "vendor_text"), "null");
}

// A template that was announced before a reload fills the columns of after it, and the other way round.
TEST(ConfiguredColumns, ChangeWhileTemplatesAreKnown) {
  Harness harness(with({}));
  const auto data = [](uint32_t value) { return test::set(256, Wire().u32(value).u32(value + 1)); };
  harness.feed(
      test::ipfix({.sequence = 0}, test::set(2, test::template_record(256, {{1, 4}, {7, 4, kCisco}})).add(data(10))));
  harness.set_options(with({{"seven", ColumnType::u32, kCisco, 7, {}}}));
  harness.feed(test::ipfix({.sequence = 1}, data(20)));
  harness.set_options(with({{"six", ColumnType::u8, kCisco, 6, {}}, {"bytes_again", ColumnType::text, 0, 1, {}}}));
  harness.feed(test::ipfix({.sequence = 2}, data(30)));
  harness.set_options(with({}, false));
  harness.feed(test::ipfix({.sequence = 3}, data(40)));
  ASSERT_EQ(harness.rows().size(), 4u);
  const auto& rows = harness.rows();
  EXPECT_NE(at(rows[0], "other").find("0000000b"), std::string::npos) << at(rows[0], "other");
  EXPECT_EQ(at(rows[1], "seven"), "21");
  EXPECT_EQ(at(rows[1], "other"), "null");
  EXPECT_EQ(at(rows[2], "seven"), "null");
  EXPECT_NE(at(rows[2], "other").find("0000001f"), std::string::npos) << at(rows[2], "other");
  EXPECT_EQ(at(rows[2], "bytes_again"), "\\x00\\x00\\x00\\x1e");
  EXPECT_EQ(at(rows[3], "bytes"), "40");
  EXPECT_EQ(at(rows[3], "other"), "null");
  EXPECT_EQ(harness.anomalies(), "");
  EXPECT_EQ(harness.imbalance(), "");
}

}  // namespace
}  // namespace weir::decode
