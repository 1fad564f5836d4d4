// Writes Thrift's compact protocol, as far as Parquet's footer and page headers need it.
//
//   thrift::Struct header(out);
//   header.i32(1, 7);
//   auto inner = header.structure(5);
//   inner.boolean(1, true);
//   inner.end();
//   header.end();
//
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "store/parquet/buffer.h"

namespace weir::store::parquet::thrift {

enum class Type : uint8_t {
  boolean_true = 1,
  boolean_false = 2,
  i8 = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  binary = 8,
  list = 9,
  structure = 12
};

// One struct; its fields in ascending order of their ids, nested ones ended before the next field.
class Struct {
 public:
  explicit Struct(Buffer& out) : out_(&out) {}

  void i8(int16_t id, int8_t value) {
    field(id, Type::i8);
    out_->append_value(value);
  }
  void i16(int16_t id, int16_t value) {
    field(id, Type::i16);
    out_->append_zigzag(value);
  }
  void i32(int16_t id, int32_t value) {
    field(id, Type::i32);
    out_->append_zigzag(value);
  }
  void i64(int16_t id, int64_t value) {
    field(id, Type::i64);
    out_->append_zigzag(value);
  }
  void boolean(int16_t id, bool value) { field(id, value ? Type::boolean_true : Type::boolean_false); }
  void binary(int16_t id, std::string_view value) {
    field(id, Type::binary);
    element(value);
  }
  Struct structure(int16_t id) {
    field(id, Type::structure);
    return Struct(*out_);
  }
  // Fields of a union that say all by being there.
  void empty_structure(int16_t id) { structure(id).end(); }
  // Followed by `count` elements.
  void list(int16_t id, Type type, size_t count) {
    field(id, Type::list);
    if (count < 15) {
      out_->append_byte(static_cast<uint8_t>(count << 4 | static_cast<uint8_t>(type)));
    } else {
      out_->append_byte(static_cast<uint8_t>(0xf0 | static_cast<uint8_t>(type)));
      out_->append_varint(count);
    }
  }
  void element(int64_t value) { out_->append_zigzag(value); }
  // No other type: text in quotes would be taken as a bool.
  void element(std::same_as<bool> auto value) { out_->append_byte(value ? 1 : 2); }
  void element(std::string_view value) {
    out_->append_varint(value.size());
    out_->append(value);
  }
  Struct element() { return Struct(*out_); }
  void end() { out_->append_byte(0); }

 private:
  void field(int16_t id, Type type) {
    CHECK(id > last_);
    const int delta = id - last_;
    if (delta <= 15) {
      out_->append_byte(static_cast<uint8_t>(delta << 4 | static_cast<int>(type)));
    } else {
      out_->append_byte(static_cast<uint8_t>(type));
      out_->append_zigzag(id);
    }
    last_ = id;
  }

  Buffer* out_;
  int16_t last_ = 0;
};

}  // namespace weir::store::parquet::thrift
