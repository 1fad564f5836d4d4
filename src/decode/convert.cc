#include "decode/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "base/big_endian.h"

namespace weir::decode {
namespace {

using flow::Conversion;

constexpr int64_t kUsPerSecond = 1'000'000;
// Seconds from 1900 (NTP era 0) and from 2036-02-07 (era 1) to 1970.
constexpr int64_t kNtpEra0 = 2'208'988'800;
constexpr int64_t kNtpEra1 = kNtpEra0 - (int64_t{1} << 32);
// Timestamps are signed 64-bit microseconds; values beyond the year 9999 are damage, not dates.
constexpr int64_t kMaxTimeUs = 253'402'300'799 * kUsPerSecond;

Fit scaled_time(uint64_t value, uint64_t us_per_unit, uint64_t& out) {
  if (value == 0) return Fit::absent;
  if (value > static_cast<uint64_t>(kMaxTimeUs) / us_per_unit) return Fit::out_of_range;
  out = value * us_per_unit;
  return Fit::ok;
}

uint64_t distance(int64_t a, int64_t b) {
  return a > b ? static_cast<uint64_t>(a) - static_cast<uint64_t>(b)
               : static_cast<uint64_t>(b) - static_cast<uint64_t>(a);
}

// 64 bits that are NTP seconds and fraction by RFC 7011 section 6.1.9 and 6.1.10, or Unix micro- or nanoseconds from
// exporters that did not read it: the reading nearest to the export time is the one that was meant. The two NTP eras
// make the rollover of 2036 harmless.
Fit ntp_time(uint64_t value, int64_t export_us, uint64_t& out) {
  if (value == 0) return Fit::absent;
  const auto seconds = static_cast<int64_t>(value >> 32);
  const auto fraction_us = static_cast<int64_t>((value & 0xffffffff) * kUsPerSecond >> 32);
  const std::array<int64_t, 4> readings = {
      (seconds - kNtpEra0) * kUsPerSecond + fraction_us,
      (seconds - kNtpEra1) * kUsPerSecond + fraction_us,
      static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX)),
      static_cast<int64_t>(value / 1000),
  };
  const int64_t best =
      *std::ranges::min_element(readings, {}, [&](int64_t reading) { return distance(reading, export_us); });
  if (best < 0 || best > kMaxTimeUs) return Fit::out_of_range;
  out = static_cast<uint64_t>(best);
  return Fit::ok;
}

Fit uptime_time(uint64_t value, const TimeBase& time, uint64_t& out) {
  if (!time.uptime_known) return Fit::no_time_base;
  if (value > UINT32_MAX) return Fit::out_of_range;
  const auto ms = static_cast<int32_t>(static_cast<uint32_t>(value) - time.anchor_uptime_ms);
  out = static_cast<uint64_t>(time.anchor_us + int64_t{ms} * 1000);
  return Fit::ok;
}

// RFC 7270 section 4.12: one octet; exporters that send four put the status in the lowest one, some in the highest.
uint64_t forwarding_status(ByteView bytes) {
  const uint8_t lowest = bytes.back();
  return lowest != 0 ? lowest : bytes.front();
}

// Octets of the UTF-8 sequence at the start of `bytes` (RFC 3629: shortest form, no surrogates), 0 if there is none.
size_t utf8_length(ByteView bytes) {
  const uint8_t first = bytes[0];
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((bytes[i] & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = bytes[1];
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return length;
}

}  // namespace

TimeBase TimeBase::from_header(int64_t export_us, uint32_t uptime_ms) {
  return {.export_us = export_us, .uptime_known = true, .anchor_uptime_ms = uptime_ms, .anchor_us = export_us};
}

TimeBase TimeBase::from_start(int64_t export_us, uint64_t start_ms) {
  if (start_ms == 0 || start_ms > static_cast<uint64_t>(kMaxTimeUs) / 1000) return export_time_only(export_us);
  const int64_t start_us = static_cast<int64_t>(start_ms) * 1000;
  const int64_t up_ms = std::max<int64_t>(0, export_us - start_us) / 1000;
  return {.export_us = export_us,
          .uptime_known = true,
          .anchor_uptime_ms = static_cast<uint32_t>(up_ms),
          .anchor_us = start_us + up_ms * 1000};
}

bool length_fits(Conversion conversion, size_t length) {
  switch (conversion) {
    case Conversion::uint:
    case Conversion::seconds:
    case Conversion::milliseconds:
    case Conversion::delta_us:
    case Conversion::uptime_ms:
      return length <= 8;
    case Conversion::address:
      return length == 0 || length == 4 || length == 16;
    case Conversion::mac:
      return length == 0 || length == 6 || length == 8;
    case Conversion::ntp:
      return length == 0 || length == 8;
    case Conversion::mpls_label:
      return length == 0 || length == 3 || length == 4;
    case Conversion::high_byte:
    case Conversion::low_byte:
      return length == 0 || length == 2;
    case Conversion::forwarding_status:
      return length == 0 || length == 1 || length == 4;
    case Conversion::real:
      return length == 0 || length == 4 || length == 8;
    case Conversion::application_id:
    case Conversion::text:
      return true;
  }
  return false;
}

Fit convert_number(Conversion conversion, ByteView bytes, const TimeBase& time, uint64_t& value) {
  if (bytes.empty()) return Fit::absent;
  if (!length_fits(conversion, bytes.size())) return Fit::bad_length;
  const uint64_t number = load_be_sized(bytes);
  switch (conversion) {
    case Conversion::seconds:
      return scaled_time(number, kUsPerSecond, value);
    case Conversion::milliseconds:
      return scaled_time(number, 1000, value);
    case Conversion::ntp:
      return ntp_time(number, time.export_us, value);
    case Conversion::uptime_ms:
      return uptime_time(number, time, value);
    case Conversion::delta_us:
      if (number > static_cast<uint64_t>(std::max<int64_t>(time.export_us, 0))) return Fit::out_of_range;
      value = static_cast<uint64_t>(time.export_us) - number;
      return Fit::ok;
    case Conversion::mac:
      value = number & 0xffff'ffff'ffff;
      return Fit::ok;
    // 20 bits label, 3 traffic class, 1 bottom of stack (RFC 3032); four octets have the time to live behind them.
    case Conversion::mpls_label:
      value = bytes.size() == 3 ? number >> 4 : number >> 12;
      return Fit::ok;
    case Conversion::high_byte:
      value = number >> 8;
      return Fit::ok;
    case Conversion::low_byte:
      value = number & 0xff;
      return Fit::ok;
    case Conversion::forwarding_status:
      value = forwarding_status(bytes);
      return Fit::ok;
    case Conversion::real: {
      const double real = bytes.size() == 4 ? double{std::bit_cast<float>(static_cast<uint32_t>(number))}
                                            : std::bit_cast<double>(number);
      value = std::bit_cast<uint64_t>(real);
      return Fit::ok;
    }
    default:
      value = number;
      return Fit::ok;
  }
}

Fit convert_address(ByteView bytes, IpAddress& value) {
  if (bytes.empty()) return Fit::absent;
  if (bytes.size() == 4) {
    value = IpAddress::from_v4(static_cast<uint32_t>(load_be_sized(bytes)));
  } else if (bytes.size() == 16) {
    std::ranges::copy(bytes, value.octets.begin());
  } else {
    return Fit::bad_length;
  }
  return Fit::ok;
}

Fit convert_text(Conversion conversion, ByteView bytes, std::string& value) {
  value.clear();
  if (bytes.empty()) return Fit::absent;
  if (conversion == Conversion::application_id) {
    // RFC 6759 section 4: one octet classification engine, the rest is the selector.
    if (bytes.size() > 9) return Fit::bad_length;
    fmt::format_to(std::back_inserter(value), "{}:{}", bytes[0], load_be_sized(bytes.subspan(1)));
    return Fit::ok;
  }
  // Fields of fixed length are filled up with zero octets.
  const auto last = std::ranges::find_if(bytes.rbegin(), bytes.rend(), [](uint8_t byte) { return byte != 0; });
  bytes = bytes.first(static_cast<size_t>(bytes.rend() - last));
  if (bytes.empty()) return Fit::absent;
  append_utf8(bytes, value);
  return Fit::ok;
}

uint64_t max_value(flow::ColumnType type) {
  switch (type) {
    case flow::ColumnType::u8:
      return UINT8_MAX;
    case flow::ColumnType::u16:
      return UINT16_MAX;
    case flow::ColumnType::u32:
      return UINT32_MAX;
    default:
      return UINT64_MAX;
  }
}

void append_utf8(ByteView bytes, std::string& text) {
  while (!bytes.empty()) {
    const size_t length = bytes[0] < 0x20 || bytes[0] == 0x7f ? 0 : utf8_length(bytes);
    if (length == 0) {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", bytes[0]);
      bytes = bytes.subspan(1);
      continue;
    }
    for (const uint8_t byte : bytes.first(length)) text.push_back(static_cast<char>(byte));
    bytes = bytes.subspan(length);
  }
}

}  // namespace weir::decode
