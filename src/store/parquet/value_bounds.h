// The smallest and the greatest of values, in the order that Parquet defines for the column's type.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "store/parquet/format.h"

namespace weir::store::parquet {

template <class T>
struct Range {
  T least;
  T greatest;

  void add(const Range& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
  }
};

// Nothing for no values. A NaN makes greatest or least a NaN.
template <class T>
std::optional<Range<T>> range_of(std::span<const T> values) {
  if (values.empty()) return std::nullopt;
  Range<T> range{values.front(), values.front()};
  for (const T& value : values) {
    range.least = value < range.least ? value : range.least;
    range.greatest = range.greatest < value ? value : range.greatest;
  }
  return range;
}

template <>
inline std::optional<Range<double>> range_of(std::span<const double> values) {
  if (values.empty() || std::ranges::any_of(values, [](double v) { return std::isnan(v); })) return std::nullopt;
  const auto [least, greatest] = std::ranges::minmax(values);
  // Zeros of either sign are equal, but not to every reader.
  return Range<double>{least == 0 ? -0.0 : least, greatest == 0 ? 0.0 : greatest};
}

template <>
inline std::optional<Range<IpAddress>> range_of(std::span<const IpAddress> values) {
  if (values.empty()) return std::nullopt;
  struct Number {
    uint64_t high;
    uint64_t low;
    auto operator<=>(const Number&) const = default;
  };
  const auto number = [](const IpAddress& address) {
    const auto halves = std::bit_cast<std::array<uint64_t, 2>>(address.bytes);
    return Number{std::byteswap(halves[0]), std::byteswap(halves[1])};
  };
  const auto address = [](const Number& n) {
    return IpAddress{std::bit_cast<std::array<uint8_t, 16>>(std::array{std::byteswap(n.high), std::byteswap(n.low)})};
  };
  Number least = number(values.front());
  Number greatest = least;
  for (const IpAddress& value : values) {
    const Number n = number(value);
    if (n < least) least = n;
    if (greatest < n) greatest = n;
  }
  return Range<IpAddress>{address(least), address(greatest)};
}

// As PLAIN has them; texts only if they are short.
template <class T>
std::optional<Bounds> bounds_of(const std::optional<Range<T>>& range) {
  if (!range) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string_view>) {
    constexpr size_t kLongest = 64;
    if (std::max(range->least.size(), range->greatest.size()) > kLongest) return std::nullopt;
    return Bounds{std::string(range->least), std::string(range->greatest)};
  } else {
    using Stored = std::conditional_t<sizeof(T) < 4, uint32_t, T>;
    const auto plain = [](const T& value) {
      const auto stored = static_cast<Stored>(value);
      const ByteView bytes = bytes_of(std::span(&stored, 1));
      return std::string(bytes.begin(), bytes.end());
    };
    return Bounds{plain(range->least), plain(range->greatest)};
  }
}

}  // namespace weir::store::parquet
