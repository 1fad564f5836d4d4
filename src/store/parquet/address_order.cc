#include "store/parquet/address_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "store/parquet/digit_sort.h"

namespace weir::store::parquet {
namespace {

// ::ffff:0.0.0.0, of which the upper half is zero.
constexpr uint64_t kMappedHigh = 0;
constexpr uint64_t kMappedLow = uint64_t{0xffff} << 32;

IpAddress address_of(uint64_t high, uint64_t low) {
  return {std::bit_cast<std::array<uint8_t, 16>>(std::array{std::byteswap(high), std::byteswap(low)})};
}

}  // namespace

void AddressOrder::sort(std::span<IpAddress> entries, std::span<uint16_t> indexes) {
  mapped_.clear();
  others_.clear();
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto halves = std::bit_cast<std::array<uint64_t, 2>>(entries[i].bytes);
    const uint64_t high = std::byteswap(halves[0]);
    const uint64_t low = std::byteswap(halves[1]);
    const auto from = static_cast<uint16_t>(i);
    if (high == kMappedHigh && low >> 32 == kMappedLow >> 32) {
      mapped_.push_back({static_cast<uint32_t>(low), from});
    } else {
      others_.push_back({high, low, from});
    }
  }
  sort_by_digits(mapped_, scratch_, 32, &Mapped::number);
  sort_by_digits(others_, scratch_others_, 64, &Other::low);
  sort_by_digits(others_, scratch_others_, 64, &Other::high);
  const auto order = [](const Other& other) { return std::tie(other.high, other.low); };
  const auto after = std::ranges::lower_bound(others_, std::tie(kMappedHigh, kMappedLow), {}, order);
  const auto before = static_cast<size_t>(after - others_.begin());
  places_.resize(entries.size());
  size_t place = 0;
  const auto put = [&](uint64_t high, uint64_t low, uint16_t from) {
    entries[place] = address_of(high, low);
    places_[from] = static_cast<uint16_t>(place++);
  };
  for (const Other& other : std::span(others_).first(before)) put(other.high, other.low, other.from);
  for (const Mapped& mapped : mapped_) put(kMappedHigh, kMappedLow | mapped.number, mapped.from);
  for (const Other& other : std::span(others_).subspan(before)) put(other.high, other.low, other.from);
  for (uint16_t& index : indexes) index = places_[index];
}

}  // namespace weir::store::parquet
