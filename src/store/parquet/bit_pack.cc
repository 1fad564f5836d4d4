#include "store/parquet/bit_pack.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::store::parquet {
namespace {

constexpr size_t kRunGroup = 64;  // values that are checked for a run at once

// Values that are packed at once: of w bits each they are whole bytes. Miniblocks of deltas have 32 values.
template <class T>
constexpr size_t kGroup = sizeof(T) == 8 ? 32 : 64;

template <unsigned width, class T>
void pack_group(const T* in, uint8_t* out) {
  constexpr size_t bytes = kGroup<T> / 8 * width;
  if constexpr (width == 8 * sizeof(T)) {
    std::memcpy(out, in, bytes);
  } else if constexpr (width > 0) {
    std::array<uint64_t, (bytes + 7) / 8> words{};
    // Unrolled as a whole: every shift and index is a constant.
#pragma GCC unroll 64
    for (unsigned i = 0; i < kGroup<T>; ++i) {
      const unsigned bit = i * width;
      const unsigned shift = bit % 64;
      words[bit / 64] |= uint64_t{in[i]} << shift;
      if (shift + width > 64) words[bit / 64 + 1] |= uint64_t{in[i]} >> (64 - shift);
    }
    std::memcpy(out, words.data(), bytes);
  }
}

template <class T>
using GroupPacker = void (*)(const T*, uint8_t*);

template <class T, size_t... widths>
constexpr std::array<GroupPacker<T>, sizeof...(widths)> packers(std::index_sequence<widths...>) {
  return {&pack_group<widths, T>...};
}
constexpr auto kPack16 = packers<uint16_t>(std::make_index_sequence<17>());
constexpr auto kPack64 = packers<uint64_t>(std::make_index_sequence<65>());

template <class T>
void pack(std::span<const T> values, GroupPacker<T> pack_one, unsigned width, Buffer& out) {
  const size_t bytes = (values.size() * width + 7) / 8;
  const size_t whole = values.size() / kGroup<T>;
  const size_t group_bytes = kGroup<T> / 8 * width;
  const std::span<uint8_t> target = out.grow(bytes);
  for (size_t g = 0; g < whole; ++g)
    pack_one(values.subspan(g * kGroup<T>, kGroup<T>).data(), target.subspan(g * group_bytes).data());
  const std::span<const T> rest = values.subspan(whole * kGroup<T>);
  if (rest.empty()) return;
  std::array<T, kGroup<T>> padded{};
  std::ranges::copy(rest, padded.begin());
  std::array<uint8_t, kGroup<T> * sizeof(T)> packed;
  pack_one(padded.data(), packed.data());
  const size_t left = bytes - whole * group_bytes;
  if (left > 0) std::memcpy(target.subspan(whole * group_bytes).data(), packed.data(), left);
}

bool all_equal(const uint16_t* values) {
  uint16_t different = 0;
  for (size_t i = 1; i < kRunGroup; ++i) different = static_cast<uint16_t>(different | (values[i] ^ values[0]));
  return different == 0;
}

// A bit-packed run: whole groups of eight values, so only the last one of a page may be filled up.
void encode_literals(std::span<const uint16_t> values, unsigned width, Buffer& out) {
  if (values.empty()) return;
  const size_t eights = (values.size() + 7) / 8;
  out.append_varint(eights << 1 | 1);
  pack(values, kPack16[width], width, out);
  const size_t missing = eights * width - (values.size() * width + 7) / 8;
  std::ranges::fill(out.grow(missing), 0);
}

}  // namespace

void pack_bits(std::span<const uint64_t> values, unsigned width, Buffer& out) {
  CHECK(width < kPack64.size());
  pack(values, kPack64[width], width, out);
}

void encode_run(uint16_t value, size_t count, unsigned width, Buffer& out) {
  out.append_varint(count << 1);
  out.append_byte(static_cast<uint8_t>(value));
  if (width > 8) out.append_byte(static_cast<uint8_t>(value >> 8));
}

void encode_hybrid(std::span<const uint16_t> values, unsigned width, Buffer& out) {
  CHECK(width > 0 && width < kPack16.size());
  size_t literals = 0;  // where the literals before `at` begin
  size_t at = 0;
  while (values.size() - at >= kRunGroup) {
    if (!all_equal(&values[at])) {
      at += kRunGroup;
      continue;
    }
    const uint16_t value = values[at];
    const size_t begin = at;
    at += kRunGroup;
    while (at < values.size() && values[at] == value) ++at;
    // What follows literals must begin at a multiple of eight from where they began: it does, as begin - literals is a
    // multiple of the group.
    encode_literals(values.subspan(literals, begin - literals), width, out);
    encode_run(value, at - begin, width, out);
    literals = at;
  }
  encode_literals(values.subspan(literals), width, out);
}

void encode_levels(std::span<const uint64_t> validity, size_t rows, Buffer& out) {
  CHECK(validity.size() * 64 >= rows);
  const size_t whole = rows / 64;
  const uint64_t tail_mask = rows % 64 == 0 ? 0 : ~uint64_t{0} >> (64 - rows % 64);
  uint64_t any = tail_mask == 0 ? 0 : validity[whole] & tail_mask;
  uint64_t every = tail_mask == 0 ? ~uint64_t{0} : validity[whole] | ~tail_mask;
  for (const uint64_t word : validity.first(whole)) any |= word, every &= word;
  if (any == 0 || every == ~uint64_t{0}) return encode_run(any == 0 ? 0 : 1, rows, 1, out);
  const size_t bytes = (rows + 7) / 8;
  out.append_varint(bytes << 1 | 1);
  out.append(bytes_of(validity.first(whole)));
  if (tail_mask != 0) {
    const uint64_t tail = validity[whole] & tail_mask;
    out.append(bytes_of(std::span(&tail, 1)).first(bytes - whole * 8));
  }
}

}  // namespace weir::store::parquet
