// XDR (RFC 4506), the encoding of sFlow, over bytes somebody else chose: big-endian words of 4 bytes; opaque data and
// text behind their length, padded to a multiple of 4.
#pragma once

#include <cstdint>
#include <optional>

#include "base/big_endian.h"
#include "base/bytes.h"

namespace weir::decode {

// Every read says whether there was enough; a failed read may have moved past a length. Padding that is missing at the
// very end is forgiven: agents leave it out.
class XdrReader {
 public:
  explicit XdrReader(ByteView bytes) : in_(bytes) {}

  size_t remaining() const { return in_.remaining(); }
  ByteView rest() const { return in_.rest(); }
  bool skip(size_t bytes) { return in_.skip(bytes); }
  std::optional<ByteView> take(size_t bytes) { return in_.take(bytes); }

  std::optional<uint32_t> u32() { return number<uint32_t>(); }
  std::optional<uint64_t> u64() { return number<uint64_t>(); }

  // opaque[length]
  std::optional<ByteView> fixed(size_t length) {
    const std::optional<ByteView> bytes = in_.take(length);
    if (bytes) skip_padding(length);
    return bytes;
  }
  // opaque<> and string<>
  std::optional<ByteView> opaque() {
    const std::optional<uint32_t> length = u32();
    return length ? fixed(*length) : std::nullopt;
  }
  // unsigned int<>: the bytes of its elements, which are not counted before they are known to be there.
  std::optional<ByteView> words() { return elements(sizeof(uint32_t)); }
  // A list of elements of so many bytes each.
  std::optional<ByteView> elements(size_t bytes) {
    const std::optional<uint32_t> count = u32();
    if (!count || *count > in_.remaining() / bytes) return std::nullopt;
    return in_.take(*count * bytes);
  }

 private:
  template <std::unsigned_integral T>
  std::optional<T> number() {
    const std::optional<ByteView> bytes = in_.take(sizeof(T));
    if (!bytes) return std::nullopt;
    return load_be<T>(bytes->data());
  }
  void skip_padding(size_t length) {
    const size_t padding = (4 - length % 4) % 4;
    in_.skip(padding < in_.remaining() ? padding : in_.remaining());
  }

  ByteReader in_;
};

}  // namespace weir::decode
