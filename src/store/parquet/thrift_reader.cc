#include "store/parquet/thrift_reader.h"

namespace weir::store::parquet::thrift {
namespace {

constexpr unsigned kDeepest = 16;  // structs in structs; Parquet's footer has five

}  // namespace

uint8_t Cursor::byte() {
  const auto taken = bytes_.take(1);
  good_ = good_ && taken;
  return good_ ? taken->front() : 0;
}

uint64_t Cursor::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t part = byte();
    value |= uint64_t{part & 0x7fU} << shift;
    if (part < 0x80) return value;
  }
  good_ = false;  // too long for 64 bits
  return 0;
}

int64_t Cursor::zigzag() {
  const uint64_t value = varint();
  return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
}

std::string_view Cursor::binary() {
  const auto taken = bytes_.take(varint());
  good_ = good_ && taken;
  if (!good_) return {};
  return {reinterpret_cast<const char*>(taken->data()), taken->size()};
}

size_t Cursor::list(Type& elements) {
  const uint8_t head = byte();
  elements = static_cast<Type>(head & 0x0f);
  const uint64_t count = head >> 4 == 15 ? varint() : head >> 4;
  good_ = good_ && count <= remaining();
  return good_ ? count : 0;
}

void Cursor::skip(Type type, unsigned depth) {
  if (depth > kDeepest) good_ = false;
  if (!good_) return;
  switch (type) {
    case Type::boolean_true:
    case Type::boolean_false:
      return;
    case Type::i8:
      byte();
      return;
    case Type::i16:
    case Type::i32:
    case Type::i64:
      varint();
      return;
    case Type::binary:
      binary();
      return;
    case Type::list: {
      Type elements;
      for (size_t left = list(elements); left > 0 && good_; --left) {
        // Booleans in a list take an part each.
        if (elements == Type::boolean_true || elements == Type::boolean_false) {
          byte();
        } else {
          skip(elements, depth + 1);
        }
      }
      return;
    }
    case Type::structure: {
      while (good_) {
        const uint8_t head = byte();
        if (head == 0) return;
        if (head >> 4 == 0) varint();
        skip(static_cast<Type>(head & 0x0f), depth + 1);
      }
      return;
    }
  }
  good_ = false;  // sets, maps, doubles: Parquet has none of them
}

bool StructReader::next() {
  const uint8_t head = in_.byte();
  if (!in_.good() || head == 0) return false;
  type_ = static_cast<Type>(head & 0x0f);
  id_ = static_cast<int16_t>(head >> 4 == 0 ? in_.zigzag() : id_ + (head >> 4));
  return in_.good();
}

void StructReader::expect(bool type_is_right) {
  if (!type_is_right) in_.fail();
}

int64_t StructReader::integer() {
  expect(type_ == Type::i16 || type_ == Type::i32 || type_ == Type::i64);
  return in_.good() ? in_.zigzag() : 0;
}

std::string_view StructReader::binary() {
  expect(type_ == Type::binary);
  return in_.good() ? in_.binary() : std::string_view{};
}

size_t StructReader::list(Type elements) {
  expect(type_ == Type::list);
  if (!in_.good()) return 0;
  Type found;
  const size_t count = in_.list(found);
  expect(count == 0 || found == elements);
  return in_.good() ? count : 0;
}

StructReader StructReader::structure() {
  expect(type_ == Type::structure);
  return StructReader(in_);
}

void StructReader::skip() { in_.skip(type_); }

}  // namespace weir::store::parquet::thrift
