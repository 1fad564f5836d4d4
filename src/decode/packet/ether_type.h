// EtherTypes (IEEE 802 numbers): what a frame carries.
#pragma once

#include <cstdint>

namespace weir::decode::packet {

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
inline constexpr uint16_t kFirstEtype = 0x0600;  // below it is a length

}  // namespace weir::decode::packet
