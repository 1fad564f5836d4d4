#include "flow/element_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::flow {
namespace {

using Type = AbstractType;

// 2016-11-11T12:09:19Z
constexpr Timestamp kExport = timestamp_from_us(1'478'866'159'000'000);

std::string json(Type type, std::vector<uint8_t> bytes, Timestamp export_time = kExport) {
  std::string out;
  append_value_json(out, type, bytes, export_time);
  return out;
}

std::string json_of(Type type, uint64_t value, Timestamp export_time = kExport) {
  std::vector<uint8_t> bytes(8);
  for (size_t i = 8; i-- > 0; value >>= 8) bytes[i] = static_cast<uint8_t>(value);
  return json(type, bytes, export_time);
}

// RFC 7011 section 6.2: a value is the same in 1 to 8 bytes.
TEST(ElementJson, IntegersHaveAnySize) {
  EXPECT_EQ(json(Type::unsigned64, {7}), "7");
  EXPECT_EQ(json(Type::unsigned8, {0, 0, 7}), "7");
  EXPECT_EQ(json(Type::unsigned64, {255, 255, 255, 255, 255, 255, 255, 255}), "18446744073709551615");
  EXPECT_EQ(json(Type::unsigned64, {1, 2, 3, 4, 5, 6, 7, 8, 9}), "\"010203040506070809\"");
  EXPECT_EQ(json(Type::unsigned256, {1, 0}), "256");
  EXPECT_EQ(json(Type::signed32, {0xff}), "-1");
  EXPECT_EQ(json(Type::signed8, {0xff, 0x7f, 0xff}), "-32769");
  EXPECT_EQ(json(Type::signed64, {0x80, 0, 0, 0, 0, 0, 0, 0}), "-9223372036854775808");
}

TEST(ElementJson, Floats) {
  EXPECT_EQ(json(Type::float32, {0x40, 0xad, 0x28, 0x8d}), "5.4112");
  EXPECT_EQ(json(Type::float64, {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a}), "0.1");
  EXPECT_EQ(json(Type::float64, {0x3f, 0x80, 0, 0}), "1");  // reduced to float32, RFC 7011 section 6.2
  EXPECT_EQ(json(Type::float32, {0x7f, 0xc0, 0, 0}), "\"NaN\"");
  EXPECT_EQ(json(Type::float32, {0xff, 0x80, 0, 0}), "\"-Infinity\"");
  EXPECT_EQ(json(Type::float32, {1, 2, 3}), "\"010203\"");
}

TEST(ElementJson, BooleansAreOneAndTwo) {
  EXPECT_EQ(json(Type::boolean, {1}), "true");
  EXPECT_EQ(json(Type::boolean, {2}), "false");
  EXPECT_EQ(json(Type::boolean, {0}), "0");
}

TEST(ElementJson, Addresses) {
  EXPECT_EQ(json(Type::ipv4Address, {192, 0, 2, 1}), "\"192.0.2.1\"");
  EXPECT_EQ(json(Type::ipv4Address, {192, 0, 2}), "\"c00002\"");
  EXPECT_EQ(json(Type::ipv6Address, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "\"2001:db8::1\"");
  EXPECT_EQ(json(Type::ipv6Address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1}), "\"::ffff:192.0.2.1\"");
  EXPECT_EQ(json(Type::macAddress, {0, 1, 2, 0xa, 0xb, 0xff}), "\"00:01:02:0a:0b:ff\"");
  EXPECT_EQ(json(Type::macAddress, {0, 0, 0, 1, 2, 0xa, 0xb, 0xff}), "\"00:01:02:0a:0b:ff\"");
}

TEST(ElementJson, StringsLoseTheirFilling) {
  EXPECT_EQ(json(Type::string, {'G', 'i', '0', 0, 0}), "\"Gi0\"");
  EXPECT_EQ(json(Type::string, {'a', 0, 'b'}), "\"a\\u0000b\"");
  EXPECT_EQ(json(Type::string, {0, 0}), "\"\"");
  EXPECT_EQ(json(Type::string, std::vector<uint8_t>{}), "\"\"");
  EXPECT_EQ(json(Type::string, {0xff}), "\"\\\\xff\"");
}

TEST(ElementJson, UnixTimes) {
  EXPECT_EQ(json(Type::dateTimeSeconds, {0x58, 0x25, 0xb3, 0xef}), "\"2016-11-11T12:05:03.000000Z\"");
  EXPECT_EQ(json_of(Type::dateTimeMilliseconds, 1'478'866'159'123), "\"2016-11-11T12:09:19.123000Z\"");
  EXPECT_EQ(json_of(Type::dateTimeMilliseconds, uint64_t{1} << 63), "9223372036854775808");
}

// The same moment as NTP, as Unix microseconds and as Unix nanoseconds, in either type.
TEST(ElementJson, FineTimesAreTheNearestReading) {
  const std::string want = "\"2016-11-11T12:09:18.500000Z\"";
  const uint64_t unix_us = 1'478'866'158'500'000;
  const uint64_t ntp = (uint64_t{1'478'866'158} + 2'208'988'800) << 32 | 0x80000000;
  for (const Type type : {Type::dateTimeMicroseconds, Type::dateTimeNanoseconds}) {
    EXPECT_EQ(json_of(type, ntp), want);
    EXPECT_EQ(json_of(type, unix_us), want);
    EXPECT_EQ(json_of(type, unix_us * 1000), want);
  }
  // NTP's era 1 begins on 7 February 2036.
  EXPECT_EQ(json_of(Type::dateTimeMicroseconds, uint64_t{1} << 32, timestamp_from_us(2'085'978'500'000'000)),
            "\"2036-02-07T06:28:17.000000Z\"");
}

TEST(ElementJson, BytesAndListsAreHexadecimal) {
  EXPECT_EQ(json(Type::octetArray, {0x0d, 0, 1, 0xc4}), "\"0d0001c4\"");
  EXPECT_EQ(json(Type::subTemplateList, {0xff, 1, 0}), "\"ff0100\"");
}

// A template may give any element any length: every combination must print something that is JSON.
TEST(ElementJson, EveryTypePrintsEveryLength) {
  for (int type = 0; type <= static_cast<int>(Type::unsigned256); ++type) {
    for (size_t length = 0; length < 40; ++length) {
      for (const uint8_t byte : std::initializer_list<uint8_t>{0, 1, 127, 128, 255}) {
        const std::string text = json(static_cast<Type>(type), std::vector<uint8_t>(length, byte));
        EXPECT_FALSE(text.empty()) << type << " " << length;
        EXPECT_EQ(text.front() == '"', text.back() == '"' && text.size() > 1);
        EXPECT_EQ(text.front() == '{', text.back() == '}');
      }
    }
  }
}

}  // namespace
}  // namespace weir::flow
