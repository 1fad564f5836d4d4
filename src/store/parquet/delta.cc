#include "store/parquet/delta.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "store/parquet/bit_pack.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kBlock = 128;
constexpr size_t kMiniblocks = 4;
constexpr size_t kMiniblock = kBlock / kMiniblocks;

}  // namespace

template <class T>
void encode_delta(std::span<const T> values, Buffer& out) {
  using Unsigned = std::make_unsigned_t<T>;
  out.append_varint(kBlock);
  out.append_varint(kMiniblocks);
  out.append_varint(values.size());
  out.append_zigzag(values.empty() ? 0 : values.front());
  for (size_t first = 1; first < values.size(); first += kBlock) {
    const size_t count = std::min(kBlock, values.size() - first);
    std::array<T, kBlock> deltas;
    for (size_t i = 0; i < count; ++i) {
      deltas[i] =
          static_cast<T>(static_cast<Unsigned>(values[first + i]) - static_cast<Unsigned>(values[first + i - 1]));
    }
    T least = deltas[0];
    for (size_t i = 1; i < count; ++i) least = std::min(least, deltas[i]);
    // Miniblocks are always whole; one without any value has width 0 and no bytes.
    std::array<uint64_t, kBlock> packed{};
    for (size_t i = 0; i < count; ++i)
      packed[i] = static_cast<Unsigned>(static_cast<Unsigned>(deltas[i]) - static_cast<Unsigned>(least));
    out.append_zigzag(least);
    std::array<uint8_t, kMiniblocks> widths{};
    for (size_t m = 0; m < kMiniblocks; ++m) {
      uint64_t bits = 0;
      for (size_t i = 0; i < kMiniblock; ++i) bits |= packed[m * kMiniblock + i];
      widths[m] = static_cast<uint8_t>(bit_width(bits));
    }
    out.append(widths);
    for (size_t m = 0; m < kMiniblocks; ++m)
      pack_bits(std::span<const uint64_t>(packed).subspan(m * kMiniblock, kMiniblock), widths[m], out);
  }
}

template void encode_delta(std::span<const int32_t>, Buffer&);
template void encode_delta(std::span<const int64_t>, Buffer&);

}  // namespace weir::store::parquet
