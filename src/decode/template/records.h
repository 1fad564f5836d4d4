// Records of one set as columns are decoded from them: where the same field of each of them is. How they lie is known
// once for all columns, and bounds are checked once for all of them.
//
//   at(record, position)     the bytes of a field. position: its offset in the record, or, of records that were cut
//                            into fields, its number
//   field(record, number)    the same, with its length
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "decode/template/template.h"

namespace weir::decode {

// Where the fields of records of fixed length are.
struct FieldPlaces {
  size_t record_length;
  std::span<const FieldSpec> fields;
};

// Records of equal length behind each other. (How many is said by whoever makes one: it knows, and a division is as
// much work as a field.)
class FixedRecords {
 public:
  FixedRecords(ByteView bytes, size_t count, const FieldPlaces& places) : bytes_(bytes), size_(count), places_(places) {
    CHECK(places.record_length * count == bytes.size());
  }
  size_t size() const { return size_; }
  const uint8_t* at(size_t record, size_t offset) const {
    return bytes_.data() + record * places_.record_length + offset;
  }
  ByteView field(size_t record, size_t field) const {
    const FieldSpec& spec = places_.fields[field];
    return bytes_.subspan(record * places_.record_length + spec.offset, spec.length);
  }

 private:
  ByteView bytes_;
  size_t size_;
  FieldPlaces places_;
};

// One of them: many exporters send one flow in a datagram, and then loops are most of the work.
class OneRecord {
 public:
  OneRecord(ByteView bytes, const FieldPlaces& places) : bytes_(bytes), places_(places) {
    CHECK(bytes.size() == places.record_length);
  }
  static constexpr size_t size() { return 1; }
  const uint8_t* at(size_t /*record*/, size_t offset) const { return bytes_.data() + offset; }
  ByteView field(size_t /*record*/, size_t field) const {
    const FieldSpec& spec = places_.fields[field];
    return bytes_.subspan(spec.offset, spec.length);
  }

 private:
  ByteView bytes_;
  FieldPlaces places_;
};

// Records that were cut into `fields` views each.
class GatheredRecords {
 public:
  GatheredRecords(std::span<const ByteView> slices, size_t fields)
      : slices_(slices), fields_(fields), size_(slices.size() / fields) {
    CHECK(size_ * fields_ == slices.size());
  }
  size_t size() const { return size_; }
  const uint8_t* at(size_t record, size_t number) const { return slices_[record * fields_ + number].data(); }
  ByteView field(size_t record, size_t field) const { return slices_[record * fields_ + field]; }

 private:
  std::span<const ByteView> slices_;
  size_t fields_;
  size_t size_;
};

}  // namespace weir::decode
