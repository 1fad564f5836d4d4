#include "decode/template/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <utility>

#include "base/big_endian.h"
#include "base/check.h"

namespace weir::decode {
namespace {

using flow::ColumnType;
using flow::Conversion;

template <class Target>
std::span<Target> rows(void* column, size_t first, size_t count) {
  return std::span(static_cast<Target*>(column), first + count).subspan(first);
}

// Big endian, of a width that the compiler knows.
template <size_t kWidth>
uint64_t load(const uint8_t* bytes) {
  if constexpr (kWidth == 1) {
    return *bytes;
  } else if constexpr (kWidth == 2) {
    return load_be<uint16_t>(bytes);
  } else if constexpr (kWidth == 4) {
    return load_be<uint32_t>(bytes);
  } else if constexpr (kWidth == 8) {
    return load_be<uint64_t>(bytes);
  } else {
    uint64_t value = 0;
    for (const uint8_t byte : std::span<const uint8_t, kWidth>(bytes, kWidth)) value = value << 8 | byte;
    return value;
  }
}

// Where bytes are written, they might be those of `records` for all that the compiler knows: it would read them again
// for every row. A copy is in registers.
template <class Records, class Target, size_t kWidth>
bool load_uint(const Records& records, size_t position, const TimeBase&, void* column, size_t first) {
  const Records in = records;
  const std::span<Target> out = rows<Target>(column, first, in.size());
  uint64_t excess = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t value = load<kWidth>(in.at(i, position));
    out[i] = static_cast<Target>(value);
    if constexpr (kWidth > sizeof(Target)) excess |= value >> (8 * sizeof(Target));
  }
  return excess == 0;
}

// Values up to kMost only. A value and kBias together need more bits than kMost does only if the value is beyond it.
template <class Records, class Target, uint64_t kMost>
bool load_bounded(const Records& records, size_t position, const TimeBase&, void* column, size_t first) {
  const Records in = records;
  constexpr int kBits = std::bit_width(kMost);
  constexpr uint64_t kBias = (uint64_t{1} << kBits) - 1 - kMost;
  const std::span<Target> out = rows<Target>(column, first, in.size());
  uint64_t bits = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t value = load<sizeof(Target)>(in.at(i, position));
    out[i] = static_cast<Target>(value);
    bits |= value + kBias;
  }
  return bits >> kBits == 0;
}

template <class Records>
bool load_address4(const Records& records, size_t position, const TimeBase&, void* column, size_t first) {
  const Records in = records;
  const std::span<IpAddress> out = rows<IpAddress>(column, first, in.size());
  // ::ffff: and the four bytes as they are on the wire.
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  for (size_t i = 0; i < out.size(); ++i) {
    std::memcpy(out[i].bytes.data(), kMapped.data(), kMapped.size());
    std::memcpy(&out[i].bytes[12], in.at(i, position), 4);
  }
  return true;
}

template <class Records>
bool load_address16(const Records& records, size_t position, const TimeBase&, void* column, size_t first) {
  const Records in = records;
  const std::span<IpAddress> out = rows<IpAddress>(column, first, in.size());
  for (size_t i = 0; i < out.size(); ++i) std::memcpy(out[i].bytes.data(), in.at(i, position), 16);
  return true;
}

template <class Records>
bool load_uptime(const Records& in, size_t position, const TimeBase& time, void* column, size_t first) {
  if (!time.uptime_known) return false;
  const std::span<int64_t> out = rows<int64_t>(column, first, in.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const auto ms = static_cast<int32_t>(load_be<uint32_t>(in.at(i, position)) - time.anchor_uptime_ms);
    out[i] = time.anchor_us + int64_t{ms} * 1000;
  }
  return true;
}

// kUnit: microseconds in a unit. Zero means unknown, and is left to the slow way.
template <class Records, size_t kWidth, int64_t kUnit>
bool load_time(const Records& in, size_t position, const TimeBase&, void* column, size_t first) {
  const std::span<int64_t> out = rows<int64_t>(column, first, in.size());
  constexpr uint64_t kLimit = uint64_t{1} << 33;  // seconds since 1970, some 272 years
  constexpr uint64_t kMax = kUnit == 1'000'000 ? kLimit : kLimit * 1000;
  bool in_order = true;
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t value = load<kWidth>(in.at(i, position));
    in_order &= value - 1 < kMax;
    out[i] = static_cast<int64_t>(value * uint64_t{kUnit});
  }
  return in_order;
}

template <class Records, size_t kByte>
bool load_byte_of_two(const Records& records, size_t position, const TimeBase&, void* column, size_t first) {
  const Records in = records;
  const std::span<uint8_t> out = rows<uint8_t>(column, first, in.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = std::span<const uint8_t, 2>(in.at(i, position), 2)[kByte];
  return true;
}

template <class Records>
bool load_mpls_label(const Records& in, size_t position, const TimeBase&, void* column, size_t first) {
  const std::span<uint32_t> out = rows<uint32_t>(column, first, in.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint32_t>(load<3>(in.at(i, position)) >> 4);
  return true;
}

template <class Records, class Target>
constexpr Kernel<Records> find_uint(size_t width) {
  constexpr auto kTable = []<size_t... kIndex>(std::index_sequence<kIndex...>) {
    return std::array<Kernel<Records>, sizeof...(kIndex)>{&load_uint<Records, Target, kIndex + 1>...};
  }(std::make_index_sequence<8>{});
  return width >= 1 && width <= kTable.size() ? kTable[width - 1] : nullptr;
}

template <class Records>
constexpr Kernel<Records> find_uint_into(ColumnType type, size_t width) {
  switch (type) {
    case ColumnType::u8:
      return find_uint<Records, uint8_t>(width);
    case ColumnType::u16:
      return find_uint<Records, uint16_t>(width);
    case ColumnType::u32:
      return find_uint<Records, uint32_t>(width);
    case ColumnType::u64:
      return find_uint<Records, uint64_t>(width);
    default:
      return nullptr;
  }
}

template <class Records, class Target>
constexpr Kernel<Records> find_bounded_into(uint64_t most) {
  Kernel<Records> found = nullptr;
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    ((most == kBounds[kIndex] ? void(found = &load_bounded<Records, Target, kBounds[kIndex]>) : void()), ...);
  }(std::make_index_sequence<kBounds.size()>{});
  return found;
}

template <class Records>
constexpr Kernel<Records> find_bounded(ColumnType type, size_t width, uint64_t most) {
  if (type == ColumnType::u8 && width == 1) return find_bounded_into<Records, uint8_t>(most);
  if (type == ColumnType::u16 && width == 2) return find_bounded_into<Records, uint16_t>(most);
  if (type == ColumnType::u32 && width == 4) return find_bounded_into<Records, uint32_t>(most);
  return nullptr;
}

template <class Records>
constexpr Kernel<Records> find_kernel(Conversion conversion, ColumnType type, size_t width, uint64_t most) {
  switch (conversion) {
    case Conversion::uint:
      return most < max_value(type) ? find_bounded<Records>(type, width, most) : find_uint_into<Records>(type, width);
    case Conversion::address:
      return width == 4 ? &load_address4<Records> : width == 16 ? &load_address16<Records> : nullptr;
    case Conversion::mac:
      return type == ColumnType::mac && width == 6 ? &load_uint<Records, uint64_t, 6> : nullptr;
    case Conversion::uptime_ms:
      return width == 4 ? &load_uptime<Records> : nullptr;
    case Conversion::seconds:
      return width == 4 ? &load_time<Records, 4, 1'000'000> : width == 8 ? &load_time<Records, 8, 1'000'000> : nullptr;
    case Conversion::milliseconds:
      return width == 8 ? &load_time<Records, 8, 1'000> : nullptr;
    case Conversion::high_byte:
      return type == ColumnType::u8 && width == 2 ? &load_byte_of_two<Records, 0> : nullptr;
    case Conversion::low_byte:
      return type == ColumnType::u8 && width == 2 ? &load_byte_of_two<Records, 1> : nullptr;
    case Conversion::forwarding_status:
      return type == ColumnType::u8 && width == 1 ? &load_uint<Records, uint8_t, 1> : nullptr;
    case Conversion::mpls_label:
      return type == ColumnType::u32 && width == 3 ? &load_mpls_label<Records> : nullptr;
    default:
      return nullptr;
  }
}

// The place of the kernel, or behind the last.
constexpr size_t place_of(std::span<const Kernel<OneRecord>> known, Kernel<OneRecord> wanted) {
  return static_cast<size_t>(std::ranges::find(known, wanted) - known.begin());
}

// Every kernel that find_kernel() finds, once; none comes first.
constexpr auto kAllKernels = [] {
  Kernels all;
  size_t count = 1;
  const auto add = [&](Conversion conversion, ColumnType type, size_t width, uint64_t most) {
    const auto one = find_kernel<OneRecord>(conversion, type, width, most);
    if (place_of(std::span(all.one).first(count), one) < count) return;
    all.one[count] = one;
    all.fixed[count] = find_kernel<FixedRecords>(conversion, type, width, most);
    all.gathered[count++] = find_kernel<GatheredRecords>(conversion, type, width, most);
  };
  for (const Conversion conversion : {Conversion::uint, Conversion::address, Conversion::mac, Conversion::uptime_ms,
                                      Conversion::seconds, Conversion::milliseconds, Conversion::high_byte,
                                      Conversion::low_byte, Conversion::forwarding_status, Conversion::mpls_label}) {
    for (const ColumnType type : {ColumnType::u8, ColumnType::u16, ColumnType::u32, ColumnType::u64, ColumnType::mac,
                                  ColumnType::timestamp, ColumnType::address}) {
      for (const size_t width : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
        add(conversion, type, width, max_value(type));
        for (const uint64_t most : kBounds) {
          if (conversion == Conversion::uint && most < max_value(type)) add(conversion, type, width, most);
        }
      }
    }
  }
  return all;
}();

}  // namespace

constexpr Kernels kKernels = kAllKernels;

uint8_t find_kernels(Conversion conversion, ColumnType type, size_t width, uint64_t most) {
  const size_t place = place_of(kKernels.one, find_kernel<OneRecord>(conversion, type, width, most));
  CHECK(place < Kernels::kMost);
  return static_cast<uint8_t>(place);
}

}  // namespace weir::decode
