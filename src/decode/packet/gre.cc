// GRE (RFC 2784, RFC 2890) and what is built on it: NVGRE (RFC 7637), PPTP (RFC 2637), ERSPAN.
#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

constexpr uint16_t kChecksum = 0x8000;
constexpr uint16_t kRouting = 0x4000;  // RFC 1701, withdrawn: a list of sources
constexpr uint16_t kKey = 0x2000;
constexpr uint16_t kSequence = 0x1000;
constexpr uint16_t kAcknowledgement = 0x0080;  // PPTP
constexpr uint16_t kVersion = 0x0007;

constexpr uint16_t kErspanIii = 0x22eb;
constexpr uint16_t kErspan = 0x88be;

constexpr uint64_t kErspanSession = 0x03ff;

Next erspan_ii(Walk& walk) {
  const auto header = walk.in.read<ErspanIiHeader>();
  if (!header || header->version_vlan >> 12 != 1) return {};
  walk.set_tunnel_id(header->cos_session & kErspanSession);
  return {ethernet};
}

Next erspan_iii(Walk& walk) {
  const auto header = walk.in.read<ErspanIiiHeader>();
  if (!header || header->version_vlan >> 12 != 2) return {};
  walk.set_tunnel_id(header->cos_session & kErspanSession);
  const uint16_t flags = header->frame_type_flags;
  constexpr size_t kSubheader = 8;
  if ((flags & 1) != 0 && !walk.in.skip(kSubheader)) return {};
  const int frame_type = flags >> 10 & 0x1f;
  if (frame_type == 0) return {ethernet};
  return frame_type == 2 ? Next{ip} : Next{};
}

// RFC 2637 section 4.1: the key is the length of the payload and the call id.
Next pptp(Walk& walk, uint16_t flags) {
  const auto key = walk.in.read<Be32>();
  if (!key || !walk.enter(TunnelType::gre)) return {};
  walk.set_tunnel_id(*key & 0xffff);
  // Without a sequence number there is no payload.
  if ((flags & kSequence) == 0 || !walk.in.skip(4)) return {};
  if ((flags & kAcknowledgement) != 0 && !walk.in.skip(4)) return {};
  return {ppp};
}

TunnelType type_of(uint16_t flags, uint16_t protocol) {
  if (protocol == kErspan || protocol == kErspanIii) return TunnelType::erspan;
  const bool key_only = (flags & (kChecksum | kKey | kSequence)) == kKey;
  return protocol == kEtypeBridging && key_only ? TunnelType::nvgre : TunnelType::gre;
}

}  // namespace

Next gre(Walk& walk) {
  const auto header = walk.in.read<GreHeader>();
  if (!header) return {};
  const uint16_t flags = header->flags_version;
  const uint16_t protocol = header->protocol;
  if ((flags & kRouting) != 0) return {};
  const int version = flags & kVersion;
  if (version == 1 && protocol == kEtypePpp && (flags & kKey) != 0) return pptp(walk, flags);
  if (version != 0) return {};

  const TunnelType type = type_of(flags, protocol);
  if (!walk.enter(type)) return {};
  if ((flags & kChecksum) != 0 && !walk.in.skip(4)) return {};
  if ((flags & kKey) != 0) {
    const auto key = walk.in.read<Be32>();
    if (!key) return {};
    // RFC 7637: subnet 24 bits, flow 8 bits. An ERSPAN header has an identifier of its own.
    if (type != TunnelType::erspan) walk.set_tunnel_id(type == TunnelType::nvgre ? *key >> 8 : *key);
  }
  if ((flags & kSequence) != 0 && !walk.in.skip(4)) return {};
  switch (protocol) {
    case kEtypeBridging:
      return {ethernet};
    case kErspanIii:
      return erspan_iii(walk);
    case kErspan:
      // Type I has neither sequence number nor header.
      return (flags & kSequence) != 0 ? erspan_ii(walk) : Next{ethernet};
    default:
      return by_ethertype(walk, protocol);
  }
}

}  // namespace weir::decode::packet
