#include "net/link_layer.h"

#include <pcap/dlt.h>

#include "base/ether_type.h"
#include "base/packet_headers.h"

namespace weir::net {
namespace {

constexpr uint16_t kPppIpv4 = 0x0021;
constexpr uint16_t kPppIpv6 = 0x0057;

// LINKTYPE_LINUX_SLL
struct CookedHeader {
  Be16 packet_type;
  Be16 arp_type;
  Be16 address_length;
  std::array<uint8_t, 8> address;
  Be16 type;
};

// LINKTYPE_LINUX_SLL2
struct CookedHeader2 {
  Be16 type;
  Be16 reserved;
  Be32 interface_index;
  Be16 arp_type;
  uint8_t packet_type;
  uint8_t address_length;
  std::array<uint8_t, 8> address;
};

// The packet after any number of VLAN tags; the length of the frame limits them.
std::optional<NetworkPacket> strip_vlan_tags(uint16_t type, ByteReader reader) {
  while (is_vlan_tag(type)) {
    const auto tag = reader.read<VlanTag>();
    if (!tag) return std::nullopt;
    type = tag->type;
  }
  return NetworkPacket{type, reader.rest()};
}

std::optional<NetworkPacket> strip_ethernet(ByteReader reader) {
  const auto header = reader.read<EthernetHeader>();
  if (!header) return std::nullopt;
  uint16_t type = header->type;
  if (type < kFirstEtype) {
    const auto snap = reader.read<SnapHeader>();
    if (!snap || snap->destination_sap != 0xaa || snap->source_sap != 0xaa) return NetworkPacket{0, {}};
    type = snap->type;
  }
  return strip_vlan_tags(type, reader);
}

// By the version in the first byte: link layers that say no more than "an IP packet".
std::optional<NetworkPacket> strip_nothing(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  const int version = packet[0] >> 4;
  if (version == 4) return NetworkPacket{kEtypeIpv4, packet};
  return NetworkPacket{version == 6 ? kEtypeIpv6 : uint16_t{0}, packet};
}

// BSD loopback: an address family in the byte order of the machine that captured (DLT_NULL) or of the network
// (DLT_LOOP). IPv6 has a different number on every system, so the packet itself decides.
std::optional<NetworkPacket> strip_loopback(ByteReader reader) {
  if (!reader.skip(sizeof(Be32))) return std::nullopt;
  return strip_nothing(reader.rest());
}

// RFC 1661 with or without HDLC-like framing (RFC 1662: ff 03 first).
std::optional<NetworkPacket> strip_ppp(ByteReader reader) {
  auto protocol = reader.read<Be16>();
  if (protocol && *protocol == 0xff03) protocol = reader.read<Be16>();
  if (!protocol) return std::nullopt;
  if (*protocol == kPppIpv4) return NetworkPacket{kEtypeIpv4, reader.rest()};
  return NetworkPacket{*protocol == kPppIpv6 ? kEtypeIpv6 : uint16_t{0}, reader.rest()};
}

}  // namespace

bool link_layer_known(int link_type) {
  switch (link_type) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_PPP:
    case DLT_PPP_SERIAL:
      return true;
    default:
      return false;
  }
}

std::optional<NetworkPacket> strip_link_layer(int link_type, ByteView frame) {
  ByteReader reader(frame);
  switch (link_type) {
    case DLT_EN10MB:
      return strip_ethernet(reader);
    case DLT_LINUX_SLL: {
      const auto header = reader.read<CookedHeader>();
      return header ? strip_vlan_tags(header->type, reader) : std::nullopt;
    }
    case DLT_LINUX_SLL2: {
      const auto header = reader.read<CookedHeader2>();
      return header ? strip_vlan_tags(header->type, reader) : std::nullopt;
    }
    case DLT_NULL:
    case DLT_LOOP:
      return strip_loopback(reader);
    case DLT_PPP:
    case DLT_PPP_SERIAL:
      return strip_ppp(reader);
    default:
      return strip_nothing(frame);
  }
}

}  // namespace weir::net
