// One field of many records: where records lie behind each other, or anywhere at all. Decoding a column is a loop over
// one of these, bounds are checked once for the whole loop. How many records there are is said by whoever makes one: it
// makes many for the same records, and a division for each would be much of the work where records are few.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/check.h"

namespace weir {

// The field at the same offset of equally long records.
class StridedField {
 public:
  StridedField(ByteView records, size_t count, size_t record_length, size_t offset, size_t width)
      : first_(records.data() + offset), stride_(record_length), size_(count) {
    CHECK(offset <= record_length && record_length - offset >= width && size_ * record_length == records.size());
  }
  size_t size() const { return size_; }
  const uint8_t* operator[](size_t record) const { return first_ + record * stride_; }

 private:
  const uint8_t* first_;
  size_t stride_;
  size_t size_;
};

// The field at position `field` of records that were cut into `fields_per_record` views each.
class GatheredField {
 public:
  GatheredField(std::span<const ByteView> slices, size_t count, size_t fields_per_record, size_t field)
      : slices_(slices), size_(count), step_(fields_per_record), field_(field) {
    CHECK(field < fields_per_record && count * fields_per_record == slices.size());
  }
  size_t size() const { return size_; }
  const uint8_t* operator[](size_t record) const { return slices_[record * step_ + field_].data(); }

 private:
  std::span<const ByteView> slices_;
  size_t size_;
  size_t step_;
  size_t field_;
};

}  // namespace weir
