#include "decode/template/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/big_endian.h"
#include "base/utf8.h"
#include "decode/common/limits.h"
#include "decode/template/structured_data.h"

namespace weir::decode {
namespace {

using flow::Conversion;

constexpr int64_t kUsPerSecond = 1'000'000;
// Seconds from 1900 (NTP era 0) and from 2036-02-07 (era 1) to 1970.
constexpr int64_t kNtpEra0 = 2'208'988'800;
constexpr int64_t kNtpEra1 = kNtpEra0 - (int64_t{1} << 32);
constexpr size_t kIpv6Bytes = 16;
constexpr size_t kSegmentRoutingHeader = 8;  // bytes before the segments
// Timestamps are signed 64-bit microseconds; values beyond the year 9999 are damage, not dates.
constexpr int64_t kMaxTimeUs = 253'402'300'799 * kUsPerSecond;

// What a byte is in a text, at the begin of a character.
enum class Character : uint8_t {
  plain,    // ASCII, stays as it is
  escaped,  // a control character
  other,    // begins a longer character, or none
};
constexpr std::array<Character, 256> kCharacters = [] {
  std::array<Character, 256> characters{};
  for (size_t byte = 0; byte < characters.size(); ++byte) {
    characters[byte] = byte >= 0x80                  ? Character::other
                       : byte < 0x20 || byte == 0x7f ? Character::escaped
                                                     : Character::plain;
  }
  return characters;
}();
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr size_t kEscapeBytes = 4;  // \xNN

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

// RFC 7270 section 4.12: one byte; exporters that send four put the status in the lowest one, some in the highest.
uint64_t forwarding_status(ByteView bytes) {
  const uint8_t lowest = bytes.back();
  return lowest != 0 ? lowest : bytes.front();
}

// Juniper packs a property of the packet into two bytes: what it is in the upper 6 bits, 2 for the exception that the
// packet met in forwarding, and its value, 0 for none. As a forwarding status: forwarded (64) or dropped (128).
Fit juniper_exception(ByteView bytes, uint64_t& value) {
  constexpr uint64_t kException = 2;
  const uint64_t property = load_be_sized(bytes);
  const size_t value_bits = bytes.size() * 8 - 6;
  if (property >> value_bits != kException) return Fit::absent;
  value = (property & ((uint64_t{1} << value_bits) - 1)) == 0 ? 64 : 128;
  return Fit::ok;
}

// Element 6876:891 of Open vSwitch.
Fit ovs_tunnel(uint64_t type, std::string& value) {
  constexpr std::array<std::string_view, 8> kTypes = {"", "vxlan", "gre", "lisp", "stt", "gre", "", "geneve"};
  if (type >= kTypes.size() || kTypes[type].empty()) return type == 0 ? Fit::absent : Fit::out_of_range;
  value = kTypes[type];
  return Fit::ok;
}

// RFC 6759 section 4.1: one byte classification engine, then the selector; that of engine 20 begins with the number of
// the enterprise that it belongs to.
Fit application_id(ByteView bytes, std::string& value) {
  constexpr uint8_t kEnterpriseEngine = 20;
  constexpr size_t kHead = 1 + sizeof(uint32_t);
  const auto number = [&](size_t from, size_t width) { return load_be_sized(bytes.subspan(from, width)); };
  if (bytes[0] == kEnterpriseEngine && bytes.size() > kHead && bytes.size() <= kHead + 8) {
    fmt::format_to(std::back_inserter(value), "{}:{}:{}", bytes[0], number(1, 4), number(kHead, bytes.size() - kHead));
    return Fit::ok;
  }
  if (bytes.size() > 9) return Fit::bad_length;
  fmt::format_to(std::back_inserter(value), "{}:{}", bytes[0], number(1, bytes.size() - 1));
  return Fit::ok;
}

Fit segment_type(uint64_t segment, std::string& value) {
  constexpr std::array<std::string_view, 3> kTypes = {"", "vxlan", "nvgre"};
  const uint64_t type = segment >> 56;
  if (type == 0 || type >= kTypes.size()) return Fit::absent;
  value = kTypes[type];
  return Fit::ok;
}

// 0 is what probes say of an application that they did not recognise.
Fit numbered(std::string_view list, uint64_t number, std::string& value) {
  if (number == 0) return Fit::absent;
  fmt::format_to(std::back_inserter(value), "{}:{}", list, number);
  return Fit::ok;
}

Fit acl_id(ByteView bytes, std::string& value) {
  const auto word = [&](size_t at) { return load_be_sized(bytes.subspan(at, 4)); };
  fmt::format_to(std::back_inserter(value), "{:08x}-{:08x}-{:08x}", word(0), word(4), word(8));
  return Fit::ok;
}

void append_number(std::string& out, uint64_t value) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value);
  out.append(digits.begin(), end);
}

std::string v4_text(uint64_t host) { return IpAddress::from_v4(static_cast<uint32_t>(host)).to_string(); }

// RFC 4364 section 4.2: two bytes of type, then an AS number or an address, and a number assigned by its owner.
Fit route_distinguisher(ByteView bytes, std::string& value) {
  const uint64_t type = load_be_sized(bytes.first(2));
  const auto number = [&](size_t at, size_t width) { return load_be_sized(bytes.subspan(at, width)); };
  switch (type) {
    case 0:
      if (load_be_sized(bytes) == 0) return Fit::absent;  // Cisco, of a VRF without one
      fmt::format_to(std::back_inserter(value), "{}:{}", number(2, 2), number(4, 4));
      return Fit::ok;
    case 1:
      fmt::format_to(std::back_inserter(value), "{}:{}", v4_text(number(2, 4)), number(6, 2));
      return Fit::ok;
    case 2:
      fmt::format_to(std::back_inserter(value), "{}:{}", number(2, 4), number(6, 2));
      return Fit::ok;
    default:
      return Fit::out_of_range;
  }
}

// RFC 4360 section 3 and RFC 5668: type, subtype, then an AS number of two bytes (type 0), an address (1) or an AS
// number of four (2).
void append_extended_community(ByteView bytes, std::string& value) {
  const uint8_t type = bytes[0] & 0x3f;  // without the bits for authority and transitivity
  const std::string_view name = bytes[1] == 2 ? "rt" : bytes[1] == 3 ? "soo" : "";
  const auto number = [&](size_t at, size_t width) { return load_be_sized(bytes.subspan(at, width)); };
  auto out = std::back_inserter(value);
  if (name.empty() || type > 2) {
    fmt::format_to(out, "0x{:016x}", load_be_sized(bytes));
  } else if (type == 0) {
    fmt::format_to(out, "{}:{}:{}", name, number(2, 2), number(4, 4));
  } else if (type == 1) {
    fmt::format_to(out, "{}:{}:{}", name, v4_text(number(2, 4)), number(6, 2));
  } else {
    fmt::format_to(out, "{}:{}:{}", name, number(2, 4), number(6, 2));
  }
}

bool append_community(ByteView bytes, std::string& value) {
  if (!length_fits(Conversion::community, bytes.size()) || bytes.empty()) return false;
  const auto number = [&](size_t at, size_t width) { return load_be_sized(bytes.subspan(at, width)); };
  if (bytes.size() == 8) {
    append_extended_community(bytes, value);
    return true;
  }
  const size_t width = bytes.size() == 4 ? 2 : 4;
  for (size_t at = 0; at < bytes.size(); at += width) {
    if (at > 0) value += ':';
    append_number(value, number(at, width));
  }
  return true;
}

bool append_address(ByteView bytes, std::string& value) {
  if (bytes.size() != kIpv6Bytes) return false;
  IpAddress address;
  std::ranges::copy(bytes, address.bytes.begin());
  value += address.to_string();
  return true;
}

// Takes back an entry that does not fit. True if it did.
bool keep_whole(std::string& value, size_t before, size_t most) {
  if (value.size() <= most) return true;
  value.resize(before);
  return false;
}

Fit list_of(ByteView bytes, bool (*append)(ByteView, std::string&), std::string& value, size_t most) {
  BasicListReader list(bytes);
  size_t entries = 0;
  while (const std::optional<ByteView> entry = list.next()) {
    if (entries++ == kListTextEntries) return Fit::list_limit;
    const size_t before = value.size();
    if (!value.empty()) value += ' ';
    if (!append(*entry, value)) return Fit::bad_list;
    if (!keep_whole(value, before, most)) return Fit::list_limit;
  }
  if (!list.ok()) return Fit::bad_list;
  return entries == 0 ? Fit::absent : Fit::ok;
}

Fit segments(ByteView bytes, std::string& value, size_t most) {
  for (size_t entries = 0; !bytes.empty(); bytes = bytes.subspan(kIpv6Bytes)) {
    if (entries++ == kListTextEntries) return Fit::list_limit;
    const size_t before = value.size();
    if (!value.empty()) value += ' ';
    append_address(bytes.first(kIpv6Bytes), value);
    if (!keep_whole(value, before, most)) return Fit::list_limit;
  }
  return Fit::ok;
}

// RFC 8754 section 2: next header, length in units of 8 bytes beyond the first, type 4, segments left, last entry,
// flags, tag, then the segments.
Fit segment_routing_header(ByteView bytes, std::string& value, size_t most) {
  constexpr uint8_t kSegmentRouting = 4;
  const size_t count = size_t{bytes[4]} + 1;
  if (bytes[2] != kSegmentRouting || (bytes.size() - kSegmentRoutingHeader) / kIpv6Bytes < count) {
    return Fit::bad_list;
  }
  return segments(bytes.subspan(kSegmentRoutingHeader, count * kIpv6Bytes), value, most);
}

}  // namespace

TimeBase TimeBase::from_header(int64_t export_us, uint32_t uptime_ms) {
  const int64_t anchor_us = export_us - export_us % 1000;
  return {.export_us = export_us, .uptime_known = true, .anchor_uptime_ms = uptime_ms, .anchor_us = anchor_us};
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
    case Conversion::known_address:
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
    case Conversion::dscp:
    case Conversion::fragment_flags:
    case Conversion::segment_id:
    case Conversion::segment_type:
    case Conversion::ndpi_application:
    case Conversion::yaf_application:
    case Conversion::ovs_tunnel:
      return length <= 8;
    case Conversion::juniper_exception:
      return length == 0 || (length >= 2 && length <= 8);
    case Conversion::route_distinguisher:
      return length == 0 || length == 8;
    case Conversion::community:
      return length == 0 || length == 4 || length == 8 || length == 12;
    case Conversion::segment_section:
      return length % kIpv6Bytes == 0;
    case Conversion::segment_routing_header:
      return length == 0 || length >= kSegmentRoutingHeader;
    case Conversion::acl_id:
    case Conversion::application_id:
    case Conversion::community_list:
    case Conversion::segment_list:
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
    // 20 bits label, 3 traffic class, 1 bottom of stack (RFC 3032); four bytes have the time to live behind them.
    case Conversion::mpls_label:
      value = bytes.size() == 3 ? number >> 4 : number >> 12;
      return Fit::ok;
    case Conversion::high_byte:
      value = number >> 8;
      return Fit::ok;
    case Conversion::low_byte:
      value = number & 0xff;
      return Fit::ok;
    case Conversion::dscp:
      value = number << 2 & 0xff;
      return number > 63 ? Fit::out_of_range : Fit::ok;
    case Conversion::fragment_flags:
      value = number >> 5;
      return number > 0xff ? Fit::out_of_range : Fit::ok;
    case Conversion::segment_id:
      value = number & 0xffffff;
      return number == 0 ? Fit::absent : Fit::ok;
    case Conversion::forwarding_status:
      value = forwarding_status(bytes);
      return Fit::ok;
    case Conversion::juniper_exception:
      return juniper_exception(bytes, value);
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
    std::ranges::copy(bytes, value.bytes.begin());
  } else {
    return Fit::bad_length;
  }
  return Fit::ok;
}

Fit convert_text(Conversion conversion, ByteView bytes, std::string& value, size_t most) {
  value.clear();
  if (bytes.empty()) return Fit::absent;
  if (!length_fits(conversion, bytes.size())) return Fit::bad_length;
  switch (conversion) {
    case Conversion::application_id:
      return application_id(bytes, value);
    case Conversion::ovs_tunnel:
      return ovs_tunnel(load_be_sized(bytes), value);
    case Conversion::segment_type:
      return segment_type(load_be_sized(bytes), value);
    case Conversion::ndpi_application:
      return numbered("ndpi", load_be_sized(bytes), value);
    case Conversion::yaf_application:
      return numbered("yaf", load_be_sized(bytes), value);
    case Conversion::route_distinguisher:
      return route_distinguisher(bytes, value);
    case Conversion::community:
      append_community(bytes, value);
      return Fit::ok;
    case Conversion::community_list:
      return list_of(bytes, append_community, value, most);
    case Conversion::segment_section:
      return segments(bytes, value, most);
    case Conversion::segment_list:
      return list_of(bytes, append_address, value, most);
    case Conversion::segment_routing_header:
      return segment_routing_header(bytes, value, most);
    case Conversion::acl_id:
      if (bytes.size() == 12) return acl_id(bytes, value);
      break;
    default:
      break;
  }
  // Fields of fixed length are filled up with zero bytes.
  const auto last = std::ranges::find_if(bytes.rbegin(), bytes.rend(), [](uint8_t byte) { return byte != 0; });
  bytes = bytes.first(static_cast<size_t>(bytes.rend() - last));
  if (bytes.empty()) return Fit::absent;
  return append_utf8(bytes, value, most) ? Fit::ok : Fit::list_limit;
}

// Runs of plain ASCII are most of what there is, and are taken as a whole.
bool append_utf8(ByteView bytes, std::string& text, size_t most) {
  const size_t end = most > SIZE_MAX - text.size() ? SIZE_MAX : text.size() + most;
  while (!bytes.empty()) {
    const auto other = std::ranges::find_if(bytes, [](uint8_t byte) { return kCharacters[byte] != Character::plain; });
    const auto plain = std::min(static_cast<size_t>(other - bytes.begin()), end - text.size());
    text.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(plain));
    bytes = bytes.subspan(plain);
    if (bytes.empty()) return true;
    const size_t length = kCharacters[bytes[0]] == Character::escaped ? 0 : utf8_length(bytes);
    if (end - text.size() < (length == 0 ? kEscapeBytes : length)) return false;
    if (length == 0) {
      text += {'\\', 'x', kHexDigits[bytes[0] >> 4], kHexDigits[bytes[0] & 15]};
    } else {
      text.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    }
    bytes = bytes.subspan(std::max<size_t>(length, 1));
  }
  return true;
}

}  // namespace weir::decode
