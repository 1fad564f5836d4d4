// Reads Thrift's compact protocol: the counterpart of thrift.h. Every read is bounded by the bytes that there are; what
// is not known is skipped.
//
//   for (StructReader fields(bytes); fields.next();) {
//     if (fields.id() == 3) rows = fields.integer();
//     else fields.skip();
//   }
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "store/parquet/thrift.h"

namespace weir::store::parquet::thrift {

// A cursor that remembers whether anything went wrong: from then on every read gives nothing.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  size_t remaining() const { return bytes_.remaining(); }

  uint8_t byte();
  uint64_t varint();
  int64_t zigzag();
  std::string_view binary();
  // Of a list: the type of its elements and how many there are; never more than there are bytes left.
  size_t list(Type& elements);
  void skip(Type type) { skip(type, 0); }
  void fail() { good_ = false; }

 private:
  void skip(Type type, unsigned depth);

  ByteReader bytes_;
  bool good_ = true;
};

// The fields of one struct, in the order in which they are written. Each field is read or skipped before the next.
class StructReader {
 public:
  explicit StructReader(Cursor& in) : in_(in) {}
  // False at the end, and when something is wrong.
  bool next();
  int16_t id() const { return id_; }

  // Of the field at hand; a field of another type is an error.
  int64_t integer();
  std::string_view binary();
  // The number of elements, which are then read from the cursor.
  size_t list(Type elements);
  StructReader structure();
  void skip();

 private:
  void expect(bool type_is_right);

  Cursor& in_;
  int16_t id_ = 0;
  Type type_{};
};

}  // namespace weir::store::parquet::thrift
