#include "flow/element_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/big_endian.h"
#include "base/ip_address.h"
#include "base/json_text.h"

namespace weir::flow {
namespace {

// What RFC 3339 can say: the years 1970 to 9999. Beyond, a time is printed as the number it is.
constexpr uint64_t kEndOfTimeUs = 253'402'300'800'000'000;
// NTP's era 0 begins in 1900 (RFC 5905 section 6).
constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;
constexpr uint64_t kNtpEraSeconds = uint64_t{1} << 32;

template <class Integer>
void append_integer(std::string& out, Integer value) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value);
  out.append(digits.begin(), end);
}

void append_hex_string(std::string& out, ByteView bytes) {
  out += '"';
  append_hex(out, bytes);
  out += '"';
}

void append_quoted(std::string& out, std::string_view plain) {
  out += '"';
  out += plain;
  out += '"';
}

void append_unsigned(std::string& out, ByteView bytes) {
  if (bytes.size() > 8) return append_hex_string(out, bytes);
  append_integer(out, load_be_sized(bytes));
}

void append_signed(std::string& out, ByteView bytes) {
  if (bytes.size() > 8) return append_hex_string(out, bytes);
  const size_t unused_bits = 64 - 8 * bytes.size();
  append_integer(out, std::bit_cast<int64_t>(load_be_sized(bytes) << unused_bits) >> unused_bits);
}

void append_number(std::string& out, std::floating_point auto value) {
  if (std::isnan(value)) return append_quoted(out, "NaN");
  if (std::isinf(value)) return append_quoted(out, value < 0 ? "-Infinity" : "Infinity");
  fmt::format_to(std::back_inserter(out), "{}", value);  // the shortest text that reads back as the same value
}

void append_float(std::string& out, ByteView bytes) {
  if (bytes.size() == 4) return append_number(out, std::bit_cast<float>(load_be<uint32_t>(bytes.data())));
  if (bytes.size() == 8) return append_number(out, std::bit_cast<double>(load_be<uint64_t>(bytes.data())));
  append_hex_string(out, bytes);
}

void append_boolean(std::string& out, ByteView bytes) {
  if (bytes.size() == 1 && bytes[0] == 1) {
    out += "true";
  } else if (bytes.size() == 1 && bytes[0] == 2) {
    out += "false";
  } else {
    append_unsigned(out, bytes);
  }
}

void append_address(std::string& out, ByteView bytes) {
  if (bytes.size() == 4) {
    append_quoted(out, IpAddress::from_v4(load_be<uint32_t>(bytes.data())).to_string());
  } else if (bytes.size() == 16) {
    IpAddress address;
    std::ranges::copy(bytes, address.bytes.begin());
    // An IPv6 element with a v4-mapped address: said as IPv6, as it was sent.
    append_quoted(out, address.is_v4() ? "::ffff:" + address.to_string() : address.to_string());
  } else {
    append_hex_string(out, bytes);
  }
}

// 8 bytes are from exporters that send MAC addresses as 64-bit numbers.
void append_mac(std::string& out, ByteView bytes) {
  if (bytes.size() != 6 && bytes.size() != 8) return append_hex_string(out, bytes);
  append_quoted(out, mac_to_string(load_be_sized(bytes.last(6))));
}

void append_string(std::string& out, ByteView bytes) {
  std::string text(bytes.begin(), bytes.end());
  text.resize(text.find_last_not_of('\0') + 1);
  append_json_string(out, text);
}

void append_unix_time(std::string& out, ByteView bytes, uint64_t us_per_unit) {
  if (bytes.size() > 8) return append_hex_string(out, bytes);
  const uint64_t value = load_be_sized(bytes);
  if (value >= kEndOfTimeUs / us_per_unit) return append_integer(out, value);
  append_quoted(out, to_rfc3339(timestamp_from_us(static_cast<int64_t>(value * us_per_unit))));
}

// The NTP time that is nearest to `near`: era 0 ends in 2036, and only the difference tells the eras apart.
std::optional<uint64_t> ntp_to_us(uint64_t ntp, int64_t near_us) {
  const int64_t seconds = static_cast<int64_t>(ntp >> 32) - kNtpToUnixSeconds;
  const uint64_t fraction_us = ((ntp & 0xffffffff) * 1'000'000) >> 32;
  const int64_t eras = (near_us / 1'000'000 - seconds + static_cast<int64_t>(kNtpEraSeconds / 2)) >> 32;
  const int64_t unix_seconds = seconds + eras * static_cast<int64_t>(kNtpEraSeconds);
  if (unix_seconds < 0) return std::nullopt;
  return static_cast<uint64_t>(unix_seconds) * 1'000'000 + fraction_us;
}

void append_fine_time(std::string& out, ByteView bytes, Timestamp export_time) {
  if (bytes.size() != 8) return append_unix_time(out, bytes, 1'000'000);  // seconds, if it is a time at all
  const uint64_t value = load_be_sized(bytes);
  const int64_t near_us = std::clamp<int64_t>(to_us(export_time), 0, int64_t{kEndOfTimeUs});
  const auto distance = [near_us](uint64_t us) {
    const auto near = static_cast<uint64_t>(near_us);
    return us > near ? us - near : near - us;
  };
  const uint64_t candidates[] = {ntp_to_us(value, near_us).value_or(UINT64_MAX), value, value / 1000};
  const uint64_t best = *std::ranges::min_element(candidates, {}, distance);
  if (best >= kEndOfTimeUs) return append_integer(out, value);
  append_quoted(out, to_rfc3339(timestamp_from_us(static_cast<int64_t>(best))));
}

}  // namespace

void append_hex(std::string& out, ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

void append_value_json(std::string& out, AbstractType type, ByteView bytes, Timestamp export_time) {
  if (bytes.empty()) {
    out += type == AbstractType::string ? "\"\"" : "null";
    return;
  }
  switch (type) {
    case AbstractType::unsigned8:
    case AbstractType::unsigned16:
    case AbstractType::unsigned32:
    case AbstractType::unsigned64:
    case AbstractType::unsigned256:
      return append_unsigned(out, bytes);
    case AbstractType::signed8:
    case AbstractType::signed16:
    case AbstractType::signed32:
    case AbstractType::signed64:
      return append_signed(out, bytes);
    case AbstractType::float32:
    case AbstractType::float64:
      return append_float(out, bytes);
    case AbstractType::boolean:
      return append_boolean(out, bytes);
    case AbstractType::macAddress:
      return append_mac(out, bytes);
    case AbstractType::string:
      return append_string(out, bytes);
    case AbstractType::dateTimeSeconds:
      return append_unix_time(out, bytes, 1'000'000);
    case AbstractType::dateTimeMilliseconds:
      return append_unix_time(out, bytes, 1'000);
    case AbstractType::dateTimeMicroseconds:
    case AbstractType::dateTimeNanoseconds:
      return append_fine_time(out, bytes, export_time);
    case AbstractType::ipv4Address:
    case AbstractType::ipv6Address:
      return append_address(out, bytes);
    case AbstractType::octetArray:
    case AbstractType::basicList:
    case AbstractType::subTemplateList:
    case AbstractType::subTemplateMultiList:
      return append_hex_string(out, bytes);
  }
}

}  // namespace weir::flow
