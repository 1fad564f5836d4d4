// Untrusted bytes: a view of them, and the reader that advances through it.
//
// Wire structs are the RFC's figure, field for field, made of the big-endian integers of base/big_endian.h. They hold
// bytes only, so a struct may be copied out of any position of a buffer.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace weir {

using ByteView = std::span<const uint8_t>;

// A cursor over bytes that somebody else chose. Every read tells whether there were enough; a failed read moves
// nothing.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  // What has not been read.
  ByteView rest() const { return rest_; }

  // The next `length` bytes, or nothing if fewer remain.
  std::optional<ByteView> take(size_t length) {
    if (rest_.size() < length) return std::nullopt;
    const ByteView taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }

  bool skip(size_t length) { return take(length).has_value(); }

  // A wire struct (bytes only, no alignment, no padding).
  template <class Wire>
  std::optional<Wire> read() {
    static_assert(std::is_trivially_copyable_v<Wire> && alignof(Wire) == 1);
    std::optional<Wire> wire;
    const std::optional<ByteView> taken = take(sizeof(Wire));
    // Read in place: compilers do not elide the copy of a struct of an odd size.
    if (taken) std::memcpy(&wire.emplace(), taken->data(), sizeof(Wire));
    return wire;
  }

 private:
  ByteView rest_;
};

}  // namespace weir
