#include "store/parquet/thrift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace weir::store::parquet::thrift {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes bytes(const Buffer& out) { return {out.view().begin(), out.view().end()}; }

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    for (const uint8_t byte : part) all.push_back(byte);
  }
  return all;
}

TEST(Thrift, FieldsHoldTheDifferenceOfTheirIdsUpToFifteen) {
  Buffer out;
  Struct fields(out);
  fields.i32(1, 1);
  fields.i32(16, 1);   // 15 more
  fields.i32(32, -1);  // 16 more: the id follows
  fields.i32(33, 1);
  fields.end();
  EXPECT_EQ(bytes(out), (Bytes{0x15, 2, 0xf5, 2, 0x05, 64, 1, 0x15, 2, 0}));
}

TEST(Thrift, EveryType) {
  Buffer out;
  Struct fields(out);
  fields.boolean(1, true);
  fields.boolean(2, false);
  fields.i8(3, -2);
  fields.i16(4, -3);
  fields.i32(5, 300);
  fields.i64(6, -300);
  fields.binary(7, "abc");
  fields.empty_structure(8);
  fields.end();
  EXPECT_EQ(bytes(out), (Bytes{0x11, 0x12, 0x13, 0xfe, 0x14, 5,   0x15, 0xd8, 0x04, 0x16,
                               0xd7, 0x04, 0x18, 3,    'a',  'b', 'c',  0x1c, 0,    0}));
}

TEST(Thrift, ListsOfMoreThanFourteenHaveTheirLengthBehind) {
  for (const size_t count : {size_t{0}, size_t{14}, size_t{15}, size_t{200}}) {
    Buffer out;
    Struct fields(out);
    fields.list(1, Type::i64, count);
    for (size_t i = 0; i < count; ++i) fields.element(int64_t{-1});
    fields.end();
    const Bytes length = count < 15    ? Bytes{static_cast<uint8_t>(count << 4 | 6)}
                         : count == 15 ? Bytes{0xf6, 15}
                                       : Bytes{0xf6, 0xc8, 1};
    const Bytes want = joined({{0x19}, length, Bytes(count, 1), {0}});
    EXPECT_EQ(bytes(out), want) << count;
  }
}

TEST(Thrift, ElementsOfEveryKind) {
  Buffer out;
  Struct fields(out);
  fields.list(1, Type::boolean_true, 2);
  fields.element(true);
  fields.element(false);
  fields.list(2, Type::binary, 2);
  fields.element("");
  fields.element("xy");
  fields.list(3, Type::structure, 1);
  Struct inner = fields.element();
  inner.i32(1, 0);  // ids begin anew in a struct
  inner.end();
  fields.end();
  EXPECT_EQ(bytes(out), (Bytes{0x19, 0x21, 1, 2, 0x19, 0x28, 0, 2, 'x', 'y', 0x19, 0x1c, 0x15, 0, 0, 0}));
}

TEST(Thrift, NestedStructsCountTheirOwnIds) {
  Buffer out;
  Struct fields(out);
  Struct inner = fields.structure(3);
  inner.i32(2, 1);
  inner.end();
  fields.i32(4, 1);
  fields.end();
  EXPECT_EQ(bytes(out), (Bytes{0x3c, 0x25, 2, 0, 0x15, 2, 0}));
}

TEST(Thrift, ZigzagOfTheExtremes) {
  Buffer out;
  out.append_zigzag(0);
  out.append_zigzag(-1);
  out.append_zigzag(1);
  out.append_zigzag(std::numeric_limits<int64_t>::max());
  out.append_zigzag(std::numeric_limits<int64_t>::min());
  const Bytes want = joined({{0, 1, 2}, {0xfe}, Bytes(8, 0xff), {1}, Bytes(9, 0xff), {1}});
  EXPECT_EQ(bytes(out), want);
}

TEST(Thrift, VarintsAtTheBordersOfSevenBits) {
  Buffer out;
  for (const uint64_t value : {0x7fULL, 0x80ULL, 0x3fffULL, 0x4000ULL}) out.append_varint(value);
  EXPECT_EQ(bytes(out), (Bytes{0x7f, 0x80, 1, 0xff, 0x7f, 0x80, 0x80, 1}));
}

}  // namespace
}  // namespace weir::store::parquet::thrift
