// Link layers: Ethernet with its tags, PPP over Ethernet, PPP.
#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

// IEEE 802.3: the length field gives way to an LLC header, which names an EtherType if it is SNAP's.
Next logical_link(Walk& walk, uint16_t length) {
  walk.clip(length);
  const auto header = walk.in.read<SnapHeader>();
  if (!header || header->destination_sap != 0xaa || header->source_sap != 0xaa || header->control != 3) return {};
  const auto& org = header->organization;
  // 00-00-00: RFC 1042; 00-00-f8: IEEE 802.1H.
  if (org[0] != 0 || org[1] != 0 || (org[2] != 0 && org[2] != 0xf8)) return {};
  return by_ethertype(walk, header->type);
}

Next type_or_length(Walk& walk, uint16_t type) {
  return type < kFirstEtype ? logical_link(walk, type) : by_ethertype(walk, type);
}

// Tags between a switch and its port extenders, outside those of VLANs: they say nothing of the packet.
template <class Tag>
Next skip_tag(Walk& walk) {
  const auto tag = walk.in.read<Tag>();
  return tag ? type_or_length(walk, tag->type) : Next{};
}

}  // namespace

Next ethernet(Walk& walk) {
  const auto header = walk.in.read<EthernetHeader>();
  if (!header) return {};
  Headers& level = *walk.level;
  level.ethernet = true;
  level.src_mac = to_number(header->source);
  level.dst_mac = to_number(header->destination);
  return type_or_length(walk, header->type);
}

// All tags that follow each other.
Next vlan_tag(Walk& walk) {
  Headers& level = *walk.level;
  while (level.vlan_count < kMaxVlanTags) {
    const auto tag = walk.in.read<VlanTag>();
    if (!tag) return {};
    if (level.vlan_count < level.vlan.size()) {
      level.vlan[level.vlan_count] = tag->control & 0x0fff;
      level.vlan_priority[level.vlan_count] = static_cast<uint8_t>(tag->control >> 13);
    }
    ++level.vlan_count;
    if (!is_vlan_tag(tag->type)) return type_or_length(walk, tag->type);
  }
  return {};
}

Next e_tag(Walk& walk) { return skip_tag<ETag>(walk); }
Next vn_tag(Walk& walk) { return skip_tag<VnTag>(walk); }

Next pppoe(Walk& walk) {
  const auto header = walk.in.read<PppoeHeader>();
  if (!header || header->version_type != 0x11 || header->code != 0) return {};
  if (walk.level == &walk.packet.outer) walk.pppoe_session = header->session;
  walk.clip(header->length);
  return {ppp};
}

// RFC 1661, with or without the address and control bytes of RFC 1662 and the protocol field compressed to one byte.
Next ppp(Walk& walk) {
  if (walk.in.remaining() < 2) return {};
  if (load_be<uint16_t>(walk.in.rest().data()) == 0xff03) walk.in.skip(2);
  if (walk.in.empty()) return {};
  uint16_t protocol = walk.in.rest()[0];
  if (protocol % 2 != 0) {
    walk.in.skip(1);
  } else {
    const auto wide = walk.in.read<Be16>();
    if (!wide) return {};
    protocol = *wide;
  }
  switch (protocol) {
    case 0x0021:
      return {ipv4};
    case 0x0057:
      return {ipv6};
    case 0x0281:
    case 0x0283:
      return {mpls};
    default:
      return {};
  }
}

std::optional<bool> begins_frame(ByteView bytes) {
  ByteReader in(bytes);
  const auto header = in.read<EthernetHeader>();
  const auto payload = in.read<std::array<uint8_t, 4>>();
  if (!header || !payload) return std::nullopt;
  const auto& [first, second, third, fourth] = *payload;
  const uint16_t type = header->type;
  if (is_vlan_tag(type)) {
    const auto inner = static_cast<uint16_t>(third << 8 | fourth);
    return inner == kEtypeIpv4 || inner == kEtypeIpv6 || inner == kEtypeArp || inner == kEtypePppoe ||
           is_vlan_tag(inner);
  }
  switch (type) {
    case kEtypeIpv4:
      return first >> 4 == 4 && first % 16 >= 5;
    case kEtypeIpv6:
      return first >> 4 == 6;
    case kEtypeArp:
      return first == 0 && second == 1 && third == 8 && fourth == 0;
    case kEtypePppoe:
      return first == 0x11 && second == 0;
    default:
      // Spanning tree, or SNAP.
      return type >= 3 && type < kFirstEtype && first == second && (first == 0x42 || first == 0xaa) && third == 3;
  }
}

}  // namespace weir::decode::packet
