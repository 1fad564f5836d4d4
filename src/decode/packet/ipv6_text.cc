#include "decode/packet/ipv6_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/check.h"

namespace weir::decode::packet {
namespace {

constexpr size_t kGroups = 8;

struct Run {
  size_t first = kGroups;
  size_t count = 0;
};

// RFC 5952 section 4.2: the first of the longest runs of zero groups, if it has two at least.
Run longest_zeros(std::span<const uint16_t, kGroups> groups) {
  Run best;
  for (size_t i = 0; i < kGroups; ++i) {
    const size_t first = i;
    while (i < kGroups && groups[i] == 0) ++i;
    if (i - first > best.count) best = {first, i - first};
  }
  return best.count >= 2 ? best : Run{};
}

}  // namespace

std::string_view ipv6_text(const IpAddress& address, std::span<char> out) {
  CHECK(out.size() >= kMaxIpv6Text);
  std::array<uint16_t, kGroups> groups;
  for (size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<uint16_t>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
  }
  // The last 32 bits of these are written as an IPv4 address: too rare to be fast.
  if (std::ranges::all_of(std::span(groups).first(5), [](uint16_t group) { return group == 0; })) {
    const std::string text = address.to_string();
    std::ranges::copy(text, out.begin());
    return {out.data(), text.size()};
  }
  const Run zeros = longest_zeros(groups);
  size_t used = 0;
  for (size_t i = 0; i < kGroups;) {
    if (i == zeros.first) {
      out[used++] = ':';
      i += zeros.count;
      if (i == kGroups) out[used++] = ':';
      continue;
    }
    if (i > 0) out[used++] = ':';
    const std::span<char> free = out.subspan(used);
    used += static_cast<size_t>(std::to_chars(free.data(), free.data() + free.size(), groups[i], 16).ptr - free.data());
    ++i;
  }
  return {out.data(), used};
}

}  // namespace weir::decode::packet
