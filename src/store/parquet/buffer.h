// Bytes that are being written: grows like a vector, but what it grows by is not zeroed first. Little-endian, as all of
// Parquet.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/check.h"

namespace weir::store::parquet {

static_assert(std::endian::native == std::endian::little, "values are copied as they are in memory");

class Buffer {
 public:
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {bytes_.get(), size_}; }
  ByteView view(size_t first) const { return view().subspan(first); }
  void clear() { size_ = 0; }

  // `count` more bytes, whatever they hold. Good until the next call that makes the buffer longer.
  std::span<uint8_t> grow(size_t count) {
    if (capacity_ - size_ < count) reserve(size_ + count);
    const std::span<uint8_t> added = std::span(bytes_.get(), capacity_).subspan(size_, count);
    size_ += count;
    return added;
  }
  void shrink(size_t size) {
    CHECK(size <= size_);
    size_ = size;
  }
  void append(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(grow(bytes.size()).data(), bytes.data(), bytes.size());
  }
  void append(std::string_view text) { append(ByteView(reinterpret_cast<const uint8_t*>(text.data()), text.size())); }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void append_value(const T& value) {
    std::memcpy(grow(sizeof value).data(), &value, sizeof value);
  }
  // In the place of bytes that are there already.
  template <class T>
  void overwrite(size_t at, const T& value) {
    CHECK(at <= size_ && size_ - at >= sizeof value);
    std::memcpy(&bytes_[at], &value, sizeof value);
  }
  void append_byte(uint8_t value) { append_value(value); }
  // ULEB128.
  void append_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) append_byte(static_cast<uint8_t>(value | 0x80));
    append_byte(static_cast<uint8_t>(value));
  }
  void append_zigzag(int64_t value) {
    append_varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }

 private:
  void reserve(size_t capacity) {
    capacity = std::max({capacity, capacity_ * 2, size_t{256}});
    auto bytes = std::make_unique_for_overwrite<uint8_t[]>(capacity);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// The bytes of values as they lie in memory.
template <class T>
ByteView bytes_of(std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace weir::store::parquet
