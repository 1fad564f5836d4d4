// Appends big-endian integers to a buffer of fixed capacity.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/ip_address.h"

namespace weir::gen {

class WireWriter {
 public:
  explicit WireWriter(size_t capacity) : bytes_(new uint8_t[capacity]), capacity_(capacity) {}

  size_t size() const { return size_; }
  void clear() { size_ = 0; }
  ByteView view() const { return {bytes_.get(), size_}; }

  void u8(uint8_t value) { put(value); }
  void u16(uint16_t value) { put(value); }
  void u32(uint32_t value) { put(value); }
  void u64(uint64_t value) { put(value); }
  void v4(const IpAddress& address) { bytes(ByteView(address.bytes).subspan(12)); }
  void v6(const IpAddress& address) { bytes(address.bytes); }
  void bytes(ByteView view) {
    const std::span<uint8_t> place = room(view.size());
    std::copy(view.begin(), view.end(), place.begin());
  }
  void zeros(size_t count) {
    const std::span<uint8_t> place = room(count);
    std::fill(place.begin(), place.end(), uint8_t{0});
  }
  void pad_to_multiple_of_4(size_t begin) { zeros((4 - (size_ - begin) % 4) % 4); }

  // Writes over what is there: a length or count that is known only at the end.
  void patch_u16(size_t at, uint16_t value) {
    CHECK(at < size_ && size_ - at >= sizeof value);
    store_be(&bytes_[at], value);
  }
  void patch_u32(size_t at, uint32_t value) {
    CHECK(at < size_ && size_ - at >= sizeof value);
    store_be(&bytes_[at], value);
  }

 private:
  template <class T>
  void put(T value) {
    store_be(room(sizeof value).data(), value);
  }
  std::span<uint8_t> room(size_t count) {
    CHECK(capacity_ - size_ >= count);
    const std::span<uint8_t> place(&bytes_[size_], count);
    size_ += count;
    return place;
  }

  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_;
  size_t size_ = 0;
};

}  // namespace weir::gen
