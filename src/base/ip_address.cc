#include "base/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace weir {
namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || value > limit) return std::nullopt;
  return value;
}

// "10", "172.16" or "10.0.0.0": missing octets are zero, as network people write prefixes.
std::optional<IpAddress> parse_short_v4(std::string_view text) {
  uint32_t address = 0;
  int octets = 0;
  while (octets < 4) {
    const size_t dot = text.find('.');
    const std::optional<unsigned> octet = parse_number(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    address |= *octet << (24 - 8 * octets++);
    if (dot == std::string_view::npos) return IpAddress::from_v4(address);
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;
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
  if (inet_pton(AF_INET6, buffer, address.octets.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  if (is_v4()) return fmt::format("{}.{}.{}.{}", octets[12], octets[13], octets[14], octets[15]);
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, octets.data(), buffer, sizeof buffer);
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
    prefix.first.octets[15 - bit / 8] &= static_cast<uint8_t>(~mask);
    prefix.last.octets[15 - bit / 8] |= mask;
  }
  return prefix;
}

size_t IpAddressHash::operator()(const IpAddress& address) const {
  uint64_t high, low;
  std::memcpy(&high, address.octets.data(), 8);
  std::memcpy(&low, address.octets.data() + 8, 8);
  uint64_t h = (high ^ (low * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return h ^ (h >> 32);
}

std::string mac_to_string(uint64_t mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac >> 40 & 255, mac >> 32 & 255, mac >> 24 & 255,
                     mac >> 16 & 255, mac >> 8 & 255, mac & 255);
}

}  // namespace weir
