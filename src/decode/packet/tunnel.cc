// Tunnels over IP and UDP other than GRE. One that does not look like itself is not entered: a port number is a hint.
#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

constexpr uint8_t kVxlanInstance = 0x08;
constexpr uint8_t kVxlanNextProtocol = 0x04;

uint32_t vni(const Be32& vni_reserved) { return vni_reserved >> 8; }

// L2TPv3 says neither the length of its cookie nor what it carries (RFC 3931 section 4.1): a frame behind a cookie of
// 0, 4 or 8 bytes and perhaps a sublayer of 4.
Next l2tp_v3(Walk& walk) {
  const auto session = walk.in.read<Be32>();
  if (!session || *session == 0 || !walk.enter(TunnelType::l2tp)) return {};
  walk.set_tunnel_id(*session);
  for (size_t offset = 0; offset <= 12; offset += 4) {
    const std::optional<bool> framed = begins_frame(walk.in.rest());
    if (!framed) return {};
    if (*framed) return {ethernet};
    walk.in.skip(4);
  }
  return {};
}

// RFC 2661 section 3.1, after the first two bytes.
Next l2tp_v2(Walk& walk, uint16_t flags) {
  constexpr uint16_t kLength = 0x4000;
  constexpr uint16_t kSequence = 0x0800;
  constexpr uint16_t kOffset = 0x0200;
  if ((flags & kLength) != 0 && !walk.in.skip(2)) return {};
  const auto session = walk.in.read<Be32>();
  if (!session || !walk.enter(TunnelType::l2tp)) return {};
  walk.set_tunnel_id(*session);
  if ((flags & kSequence) != 0 && !walk.in.skip(4)) return {};
  if ((flags & kOffset) != 0) {
    const auto offset = walk.in.read<Be16>();
    if (!offset || !walk.in.skip(*offset)) return {};
  }
  return {ppp};
}

// RFC 4380 section 5.1.1: authentication, origin indication.
bool skip_teredo_indications(ByteReader& in) {
  struct Authentication {
    uint8_t id_length;
    uint8_t value_length;
  };
  constexpr size_t kNonceConfirmation = 9;
  constexpr size_t kOrigin = 8;
  const auto starts = [&in](uint8_t kind) { return in.remaining() >= 2 && in.rest()[0] == 0 && in.rest()[1] == kind; };
  if (starts(1)) {
    in.skip(2);
    const auto lengths = in.read<Authentication>();
    if (!lengths || !in.skip(size_t{lengths->id_length} + lengths->value_length + kNonceConfirmation)) return false;
  }
  return !starts(0) || in.skip(kOrigin);
}

// Extension headers: length in units of 4 bytes with itself, content, type of the next (TS 29.281 section 5.2.1).
bool skip_gtp_extensions(ByteReader& in, uint8_t type) {
  while (type != 0) {
    const auto length = in.read<BigEndian<uint8_t>>();
    if (!length || *length == 0) return false;
    const auto content = in.take(size_t{*length} * 4 - 1);
    if (!content) return false;
    type = content->back();
  }
  return true;
}

}  // namespace

Next ip_in_ip(Walk& walk) { return walk.enter(TunnelType::ipip) ? Next{ip} : Next{}; }

Next ethernet_in_ip(Walk& walk) {
  const auto header = walk.in.read<Be16>();
  if (!header || *header >> 12 != 3 || !walk.enter(TunnelType::etherip)) return {};
  return {ethernet};
}

Next ethernet_in_ipv6(Walk& walk) { return walk.enter(TunnelType::etherip) ? Next{ethernet} : Next{}; }

Next vxlan(Walk& walk) {
  const auto header = walk.in.read<VxlanHeader>();
  if (!header || (header->flags & kVxlanInstance) == 0 || !walk.enter(TunnelType::vxlan)) return {};
  walk.set_tunnel_id(vni(header->vni_reserved));
  return {ethernet};
}

Next vxlan_gpe(Walk& walk) {
  const auto header = walk.in.read<VxlanHeader>();
  if (!header || (header->flags & kVxlanInstance) == 0 || !walk.enter(TunnelType::vxlan)) return {};
  walk.set_tunnel_id(vni(header->vni_reserved));
  if ((header->flags & kVxlanNextProtocol) == 0) return {ethernet};
  switch (header->next_protocol) {
    case 1:
      return {ipv4};
    case 2:
      return {ipv6};
    case 3:
      return {ethernet};
    default:
      return {};
  }
}

Next geneve(Walk& walk) {
  const auto header = walk.in.read<GeneveHeader>();
  if (!header || header->version_options >> 6 != 0 || !walk.enter(TunnelType::geneve)) return {};
  walk.set_tunnel_id(vni(header->vni_reserved));
  if (!walk.in.skip(size_t{header->version_options} % 64 * 4)) return {};
  const uint16_t protocol = header->protocol;
  return protocol == kEtypeBridging ? Next{ethernet} : by_ethertype(walk, protocol);
}

Next gtpu(Walk& walk) {
  constexpr uint8_t kVersionMask = 0xf0;
  constexpr uint8_t kVersion1 = 0x30;  // and the bit that says GTP, not GTP'
  constexpr uint8_t kOptional = 0x07;
  constexpr uint8_t kExtension = 0x04;
  constexpr uint8_t kUserData = 255;
  const auto header = walk.in.read<GtpHeader>();
  if (!header || (header->flags & kVersionMask) != kVersion1 || header->message_type != kUserData) return {};
  if (!walk.enter(TunnelType::gtpu)) return {};
  walk.set_tunnel_id(header->endpoint);
  if ((header->flags & kOptional) != 0) {
    const auto optional = walk.in.read<GtpOptional>();
    if (!optional) return {};
    if ((header->flags & kExtension) != 0 && !skip_gtp_extensions(walk.in, optional->next_extension)) return {};
  }
  return {ip};
}

Next l2tp_udp(Walk& walk) {
  constexpr uint16_t kControl = 0x8000;
  const auto flags = walk.in.read<Be16>();
  if (!flags || (*flags & kControl) != 0) return {};
  const int version = *flags & 0x000f;
  if (version == 2) return l2tp_v2(walk, *flags);
  return version == 3 && walk.in.skip(2) ? l2tp_v3(walk) : Next{};
}

// RFC 3931 section 4.1.1: session 0 is control.
Next l2tp_ip(Walk& walk) { return l2tp_v3(walk); }

Next teredo(Walk& walk) {
  if (!skip_teredo_indications(walk.in)) return {};
  if (walk.in.empty() || walk.in.rest()[0] >> 4 != 6 || !walk.enter(TunnelType::teredo)) return {};
  return {ipv6};
}

Next mpls_in_udp(Walk& walk) { return walk.enter(TunnelType::mpls) ? Next{mpls} : Next{}; }

}  // namespace weir::decode::packet
