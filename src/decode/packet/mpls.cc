// MPLS label stacks (RFC 3032) and what is behind them, which they do not say.
#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

constexpr size_t kControlWord = 4;  // RFC 4385

// A frame of a pseudowire. Inside another tunnel it is the inner level, unless that has begun already.
Next pseudowire(Walk& walk, uint32_t label) {
  if (walk.enter(TunnelType::mpls))
    walk.set_tunnel_id(label);
  else if (walk.level->ethernet || walk.level->ip)
    return {};
  return {ethernet};
}

// A nibble of 6 is IPv6 or the start of a MAC address (RFC 8469 is about nothing else); of 4, an IPv4 header with
// options: 0x45 can be no unicast address.
bool is_ip(ByteView rest) {
  if (rest[0] == 0x45) return true;
  if (rest[0] >> 4 == 6) {
    constexpr size_t kNextHeader = 6;
    if (rest.size() <= kNextHeader) return false;
    // The first byte of a source address would be a multicast or local one.
    const uint8_t next = rest[kNextHeader];
    if (next == 6 || next == 17 || next == 58) return true;
  }
  return begins_frame(rest) == false;
}

// RFC 4385: a first nibble of 0 is a control word, of 1 an associated channel. Without a control word it is the start
// of a MAC address.
Next behind_stack(Walk& walk, uint32_t label) {
  const ByteView rest = walk.in.rest();
  if (rest.empty()) return {};
  const int nibble = rest[0] >> 4;
  if ((nibble == 4 || nibble == 6) && is_ip(rest)) return {ip};
  if (nibble == 0 && rest.size() > kControlWord) {
    const std::optional<bool> framed = begins_frame(rest.subspan(kControlWord));
    if (!framed) return {};
    // Sequence numbers are hardly ever used: four zero bytes begin no address.
    const bool empty_word = load_be<uint32_t>(rest.data()) == 0;
    if (*framed || empty_word) {
      walk.in.skip(kControlWord);
      return pseudowire(walk, label);
    }
  }
  return begins_frame(rest).value_or(false) ? pseudowire(walk, label) : Next{};
}

}  // namespace

Next mpls(Walk& walk) {
  Headers& level = *walk.level;
  for (size_t depth = 0; depth < kMaxLabelStack; ++depth) {
    const auto entry = walk.in.read<Be32>();
    if (!entry) return {};
    const uint32_t label = *entry >> 12;
    const bool bottom = (*entry & 0x100) != 0;
    if (depth == 0) level.mpls_ttl = static_cast<uint8_t>(*entry);
    if (level.label_count < kMaxLabels) level.labels[level.label_count++] = label;
    if (!bottom) continue;
    if (walk.packet.tunnel == TunnelType::mpls) walk.set_tunnel_id(label);
    return behind_stack(walk, label);
  }
  return {};
}

}  // namespace weir::decode::packet
