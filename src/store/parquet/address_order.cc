#include "store/parquet/address_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <utility>

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
    const auto halves = std::bit_cast<std::array<uint64_t, 2>>(entries[i].octets);
    const uint64_t high = std::byteswap(halves[0]);
    const uint64_t low = std::byteswap(halves[1]);
    const auto from = static_cast<uint16_t>(i);
    if (high == kMappedHigh && low >> 32 == kMappedLow >> 32) {
      mapped_.push_back({static_cast<uint32_t>(low), from});
    } else {
      others_.push_back({high, low, from});
    }
  }
  sort_mapped();
  const auto order = [](const Other& other) { return std::tie(other.high, other.low); };
  std::ranges::sort(others_, {}, order);
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

// By digits, from the last one: three passes, for which few entries are not worth it.
void AddressOrder::sort_mapped() {
  constexpr unsigned kBits = 11;
  constexpr size_t kDigits = size_t{1} << kBits;
  if (mapped_.size() < kDigits) {
    std::ranges::sort(mapped_, {}, &Mapped::number);
    return;
  }
  turn_.resize(mapped_.size());
  for (unsigned shift = 0; shift < 32; shift += kBits) {
    const auto digit = [shift](const Mapped& m) { return m.number >> shift & (kDigits - 1); };
    std::array<uint32_t, kDigits> next{};
    for (const Mapped& m : mapped_) ++next[digit(m)];
    uint32_t sum = 0;
    for (uint32_t& n : next) sum += std::exchange(n, sum);
    for (const Mapped& m : mapped_) turn_[next[digit(m)]++] = m;
    mapped_.swap(turn_);
  }
}

}  // namespace weir::store::parquet
