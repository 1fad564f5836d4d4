// Integers in network byte order, stored as the bytes of the wire (no alignment, no padding).
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

namespace weir {

// Reads an unsigned integer of exactly sizeof(T) bytes in network byte order. The caller guarantees the bytes.
template <std::unsigned_integral T>
inline T load_be(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) value = std::byteswap(value);
  return value;
}

template <std::unsigned_integral T>
inline void store_be(uint8_t* bytes, T value) {
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) value = std::byteswap(value);
  std::memcpy(bytes, &value, sizeof(T));
}

// An unsigned integer of 0 to 8 bytes in network byte order (reduced-size encoding, RFC 7011 section 6.2).
inline uint64_t load_be_sized(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

template <std::unsigned_integral T>
struct BigEndian {
  uint8_t bytes[sizeof(T)];

  constexpr operator T() const { return value(); }  // NOLINT(google-explicit-constructor): reads like the field it is
  constexpr T value() const {
    // Compilers make byte by byte of a loop over them.
    const T value = std::bit_cast<T>(*this);
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
  }
  static constexpr BigEndian from(T value) {
    BigEndian wire{};
    for (size_t i = sizeof(T); i-- > 0; value = static_cast<T>(static_cast<uint64_t>(value) >> 8)) {
      wire.bytes[i] = static_cast<uint8_t>(value);
    }
    return wire;
  }
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
using Be64 = BigEndian<uint64_t>;

}  // namespace weir
