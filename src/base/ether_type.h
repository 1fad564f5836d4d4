// EtherTypes: what follows a header of Ethernet, a VLAN tag, SNAP, GRE or Geneve (IEEE 802 numbers, by IANA).
#pragma once

#include <cstdint>

namespace weir {

inline constexpr uint16_t kEtypeIpv4 = 0x0800;
inline constexpr uint16_t kEtypeArp = 0x0806;
inline constexpr uint16_t kEtypeBridging = 0x6558;  // RFC 1701: transparent Ethernet bridging
inline constexpr uint16_t kEtypeVlan = 0x8100;
inline constexpr uint16_t kEtypeIpv6 = 0x86dd;
inline constexpr uint16_t kEtypePpp = 0x880b;
inline constexpr uint16_t kEtypeMpls = 0x8847;
inline constexpr uint16_t kEtypeMplsMulticast = 0x8848;
inline constexpr uint16_t kEtypePppoe = 0x8864;
inline constexpr uint16_t kEtypeServiceVlan = 0x88a8;
inline constexpr uint16_t kEtypeVnTag = 0x8926;  // of Cisco, before 802.1BR
inline constexpr uint16_t kEtypeETag = 0x893f;   // IEEE 802.1BR
// Tags of stacked VLANs before 802.1ad; vendors disagreed.
inline constexpr uint16_t kEtypeOldServiceVlan = 0x9100;
inline constexpr uint16_t kEtypeOldServiceVlan2 = 0x9200;

inline constexpr uint16_t kFirstEtype = 0x0600;  // a number below it is a length (IEEE 802.3)

// Whether a VLAN tag follows (IEEE 802.1Q).
constexpr bool is_vlan_tag(uint16_t etype) {
  return etype == kEtypeVlan || etype == kEtypeServiceVlan || etype == kEtypeOldServiceVlan ||
         etype == kEtypeOldServiceVlan2;
}

}  // namespace weir
