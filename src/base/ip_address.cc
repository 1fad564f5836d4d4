#include "base/ip_address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <span>

namespace weir {
namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || value > limit) return std::nullopt;
  return value;
}

// "10", "172.16" or "10.0.0.0": missing bytes are zero, as network people write prefixes.
std::optional<IpAddress> parse_short_v4(std::string_view text) {
  uint32_t address = 0;
  int bytes = 0;
  while (bytes < 4) {
    const size_t dot = text.find('.');
    const std::optional<unsigned> byte = parse_number(text.substr(0, dot), 255);
    if (!byte) return std::nullopt;
    address |= *byte << (24 - 8 * bytes++);
    if (dot == std::string_view::npos) return IpAddress::from_v4(address);
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

// Room for the longest address, which is shown for rows by the million.
class TextBuffer {
 public:
  void put(char c) { text_[size_++] = c; }
  void number(unsigned value, int base) {
    const auto [end, error] = std::to_chars(text_.begin() + size_, text_.end(), value, base);
    size_ = static_cast<size_t>(end - text_.begin());
  }
  void v4(std::span<const uint8_t, 4> bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i > 0) put('.');
      number(bytes[i], 10);
    }
  }
  std::string take() const { return {text_.data(), size_}; }

 private:
  std::array<char, INET6_ADDRSTRLEN> text_;
  size_t size_ = 0;
};

struct ZeroRun {
  size_t begin = 0;
  size_t count = 0;  // 0: none
};

// RFC 5952 section 4.2: the longest run of at least two zero groups, the first of equal ones.
ZeroRun longest_zeros(const std::array<uint16_t, 8>& groups) {
  ZeroRun best{groups.size(), 0};
  for (size_t i = 0; i < groups.size();) {
    size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > best.count) best = {i, end - i};
    i = end + 1;
  }
  return best;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;  // empty: perhaps no memory at all
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  uint8_t v4[4];
  if (inet_pton(AF_INET, buffer, v4) == 1) {
    return from_v4(uint32_t{v4[0]} << 24 | uint32_t{v4[1]} << 16 | uint32_t{v4[2]} << 8 | v4[3]);
  }
  IpAddress address;
  if (inet_pton(AF_INET6, buffer, address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  TextBuffer text;
  if (is_v4()) {
    text.v4(std::span(bytes).last<4>());
    return text.take();
  }
  std::array<uint16_t, 8> groups;
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  const auto [zeros, count] = longest_zeros(groups);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i >= zeros && i < zeros + count) {
      if (i == zeros) text.put(':');
      continue;
    }
    if (i > 0) text.put(':');
    // An IPv4-compatible address (RFC 4291 section 2.5.5.1), as inet_ntop shows it.
    if (i == 6 && zeros == 0 && count == 6) {
      text.v4(std::span(bytes).last<4>());
      return text.take();
    }
    text.number(groups[i], 16);
  }
  if (zeros + count == groups.size() && count > 0) text.put(':');
  return text.take();
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  std::optional<IpAddress> address = IpAddress::parse(base);
  if (!address && slash != std::string_view::npos) address = parse_short_v4(base);
  if (!address) return std::nullopt;
  unsigned host_bits = 0;
  if (slash != std::string_view::npos) {
    const unsigned width = base.find(':') == std::string_view::npos ? 32 : 128;
    const std::optional<unsigned> length = parse_number(text.substr(slash + 1), width);
    if (!length) return std::nullopt;
    host_bits = width - *length;
  }
  IpPrefix prefix{*address, *address};
  for (unsigned bit = 0; bit < host_bits; ++bit) {
    const uint8_t mask = static_cast<uint8_t>(1u << (bit % 8));
    prefix.first.bytes[15 - bit / 8] &= static_cast<uint8_t>(~mask);
    prefix.last.bytes[15 - bit / 8] |= mask;
  }
  return prefix;
}

std::string mac_to_string(uint64_t mac) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(17, ':');
  for (size_t i = 0; i < 6; ++i) {
    const uint64_t byte = mac >> (40 - 8 * i) & 255;
    text[3 * i] = kDigits[byte >> 4];
    text[3 * i + 1] = kDigits[byte & 15];
  }
  return text;
}

}  // namespace weir
