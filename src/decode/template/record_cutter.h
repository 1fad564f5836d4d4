// Cuts the body of a data set into records, and records into fields, by a template (RFC 7011 sections 3.4.3 and 7).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "decode/template/template.h"

namespace weir::decode {

// The next value of a record or list: of a fixed length, or with its own length in front, in one byte, or in two behind
// one of 255 (RFC 7011 section 7).
std::optional<ByteView> take_value(ByteReader& in, uint16_t length);

// As padding is.
inline bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

class RecordCutter {
 public:
  RecordCutter(const Template& layout, ByteView body) : layout_(layout), in_(body) {}

  // Appends the fields of the next record to `fields`. Returns the whole record; an empty view if there is no further
  // whole record, and then appends nothing.
  ByteView next(std::vector<ByteView>& fields);

  // What has not been cut: padding, or a record that runs over the end.
  ByteView rest() const { return in_.rest(); }
  // The last next() found the beginning of a record whose end is missing.
  bool overran() const { return overran_; }

 private:
  const Template& layout_;
  ByteReader in_;
  bool overran_ = false;
};

}  // namespace weir::decode
