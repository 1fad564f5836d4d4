#include "store/parquet/neighbour_matches.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kAddress = 16;

// zstd knows no shorter match.
constexpr size_t kLeast = 3;

template <class T>
T load(ByteView bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Of two values next to each other: how many bytes are the same, from the first of an address, to the last of a
// number.
template <size_t Width>
size_t same_bytes(std::span<const uint8_t, 2 * Width> two) {
  const auto differ = [&]<class T>(T, size_t at) -> T {
    return load<T>(two.subspan(at, sizeof(T))) ^ load<T>(two.subspan(Width + at, sizeof(T)));
  };
  if constexpr (Width == kAddress) {
    const uint64_t first = differ(uint64_t{}, 0);
    if (first != 0) return static_cast<size_t>(std::countr_zero(first)) / 8;
    return 8 + static_cast<size_t>(std::countr_zero(differ(uint64_t{}, 8))) / 8;  // 64 zeros where they are the same
  } else {
    using Number = std::conditional_t<Width == 8, uint64_t, uint32_t>;
    return static_cast<size_t>(std::countl_zero(differ(Number{}, 0))) / 8;
  }
}

}  // namespace

void NeighbourMatches::add_match(size_t literals, size_t bytes, size_t distance) {
  if (literals == 0 && follows_) {
    sequences_.back().matchLength += static_cast<unsigned>(bytes);
    return;
  }
  sequences_.push_back({.offset = static_cast<unsigned>(distance),
                        .litLength = static_cast<unsigned>(literals),
                        .matchLength = static_cast<unsigned>(bytes),
                        .rep = 0});
  follows_ = true;
}

void NeighbourMatches::end_block(size_t literals) {
  sequences_.push_back({.offset = 0, .litLength = static_cast<unsigned>(literals), .matchLength = 0, .rep = 0});
  follows_ = false;
}

template <size_t Width>
void NeighbourMatches::find_values(ByteView values, size_t head) {
  size_t literals = head;
  size_t room = ZSTD_BLOCKSIZE_MAX - head;  // in the block
  for (size_t at = 0; at < values.size(); at += Width, room -= Width) {
    if (room < Width) {
      end_block(literals);
      literals = 0;
      room = ZSTD_BLOCKSIZE_MAX;
    }
    const size_t same = at == 0 ? 0 : same_bytes<Width>(values.subspan(at - Width).first<2 * Width>());
    if (same < kLeast) {
      literals += Width;
    } else if constexpr (Width == kAddress) {
      add_match(literals, same, Width);
      literals = Width - same;
    } else {
      add_match(literals + Width - same, same, Width);
      literals = 0;
    }
  }
  end_block(literals);
}

std::span<const ZSTD_Sequence> NeighbourMatches::find(ByteView bytes, ValueLayout layout) {
  CHECK(layout.head <= bytes.size() && layout.head < ZSTD_BLOCKSIZE_MAX);
  CHECK(layout.width != 0 && (bytes.size() - layout.head) % layout.width == 0);
  sequences_.clear();
  const ByteView values = bytes.subspan(layout.head);
  switch (layout.width) {
    case 4:
      find_values<4>(values, layout.head);
      break;
    case 8:
      find_values<8>(values, layout.head);
      break;
    case kAddress:
      find_values<kAddress>(values, layout.head);
      break;
    default:
      CHECK(false);
  }
  return sequences_;
}

}  // namespace weir::store::parquet
