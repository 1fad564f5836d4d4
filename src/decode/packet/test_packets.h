// Builds packets header by header, for tests, benchmarks and seeds. Lengths are right unless a test says otherwise;
// checksums are zero: nothing here looks at them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "decode/test_wire.h"

namespace weir::decode::packet::test {

using decode::test::Wire;

inline constexpr uint64_t kSrcMac = 0x0200'5e00'5301;
inline constexpr uint64_t kDstMac = 0x0200'5e00'5302;
inline constexpr uint64_t kInnerSrcMac = 0x0200'5e00'53a1;
inline constexpr uint64_t kInnerDstMac = 0x0200'5e00'53a2;

inline Wire frame(uint16_t type, const Wire& payload, uint64_t src = kSrcMac, uint64_t dst = kDstMac) {
  return Wire().number(dst, 6).number(src, 6).u16(type).add(payload);
}
// A frame as it travels within a tunnel.
inline Wire inner_frame(uint16_t type, const Wire& payload) { return frame(type, payload, kInnerSrcMac, kInnerDstMac); }

// What stands between a tag protocol identifier and the payload.
inline Wire tag(uint16_t vlan, uint16_t type, const Wire& payload, uint16_t priority = 0) {
  return Wire().u16(priority << 13 | vlan).u16(type).add(payload);
}

inline Wire label(uint32_t value, bool bottom, const Wire& payload, uint8_t ttl = 60) {
  return Wire().u32(value << 12 | (bottom ? 0x100U : 0U) | ttl).add(payload);
}

inline Wire pppoe(uint16_t session, uint16_t protocol, const Wire& payload) {
  return Wire().u8(0x11).u8(0).u16(session).u16(payload.size() + 2).u16(protocol).add(payload);
}

struct Ipv4 {
  uint8_t protocol = 6;
  uint32_t src = 0xc0000201;  // 192.0.2.1
  uint32_t dst = 0xc6336402;  // 198.51.100.2
  uint8_t tos = 0;
  uint8_t ttl = 64;
  uint16_t id = 0x1234;
  uint16_t flags_offset = 0x4000;
  Wire options{};
};
inline constexpr uint32_t kInnerSrc = 0x0a000001;  // 10.0.0.1
inline constexpr uint32_t kInnerDst = 0x0a000002;  // 10.0.0.2

inline Wire ipv4(const Ipv4& h, const Wire& payload) {
  const size_t header = 20 + h.options.size();
  return Wire()
      .u8(0x40 | header / 4)
      .u8(h.tos)
      .u16(header + payload.size())
      .u16(h.id)
      .u16(h.flags_offset)
      .u8(h.ttl)
      .u8(h.protocol)
      .u16(0)
      .u32(h.src)
      .u32(h.dst)
      .add(h.options)
      .add(payload);
}
// 10.0.0.1 to 10.0.0.2
inline Wire inner_ipv4(uint8_t protocol, const Wire& payload) {
  return ipv4({.protocol = protocol, .src = kInnerSrc, .dst = kInnerDst, .tos = 0xb8, .ttl = 63}, payload);
}

inline Wire address(std::string_view text) {
  const IpAddress parsed = *IpAddress::parse(text);
  Wire wire;
  for (const uint8_t byte : parsed.bytes) wire.u8(byte);
  return wire;
}

struct Ipv6 {
  uint8_t next = 6;
  std::string_view src = "2001:db8::1";
  std::string_view dst = "2001:db8::2";
  uint8_t traffic_class = 0;
  uint32_t flow_label = 0;
  uint8_t hop_limit = 64;
};
inline Wire ipv6(const Ipv6& h, const Wire& payload) {
  return Wire()
      .u32(6U << 28 | uint32_t{h.traffic_class} << 20 | h.flow_label)
      .u16(payload.size())
      .u8(h.next)
      .u8(h.hop_limit)
      .add(address(h.src))
      .add(address(h.dst))
      .add(payload);
}

// Hop-by-hop, destination options and the like: `units` times 8 bytes besides the first 8.
inline Wire extension(uint8_t next, const Wire& payload, size_t units = 0) {
  // A PadN option fills it.
  return Wire().u8(next).u8(units).u8(1).u8(4 + 8 * units).zeros(4 + 8 * units).add(payload);
}

inline Wire ipv6_fragment(uint8_t next, uint16_t offset, bool more, const Wire& payload) {
  return Wire().u8(next).u8(0).u16(offset << 3 | (more ? 1 : 0)).u32(0xcafe0001).add(payload);
}

inline Wire segment_routing(uint8_t next, uint8_t left, const std::vector<std::string_view>& segments,
                            const Wire& payload) {
  Wire wire;
  wire.u8(next).u8(segments.size() * 2).u8(4).u8(left).u8(segments.size() - 1).u8(0).u16(0);
  for (const std::string_view segment : segments) wire.add(address(segment));
  return wire.add(payload);
}

inline Wire tcp(uint16_t src, uint16_t dst, uint16_t flags) {
  return Wire().u16(src).u16(dst).u32(1).u32(2).u16(0x5000 | flags).u16(0xffff).u16(0).u16(0);
}

inline Wire udp(uint16_t src, uint16_t dst, const Wire& payload) {
  return Wire().u16(src).u16(dst).u16(8 + payload.size()).u16(0).add(payload);
}

inline Wire icmp(uint8_t type, uint8_t code) { return Wire().u8(type).u8(code).u16(0).u32(0x00010001); }

inline Wire gre(uint16_t flags, uint16_t protocol, const Wire& payload) {
  return Wire().u16(flags).u16(protocol).add(payload);
}

inline Wire vxlan(uint32_t vni, const Wire& payload) { return Wire().u32(0x0800'0000).u32(vni << 8).add(payload); }

inline Wire geneve(uint32_t vni, uint16_t protocol, const Wire& options, const Wire& payload) {
  return Wire().u8(options.size() / 4).u8(0).u16(protocol).u32(vni << 8).add(options).add(payload);
}

}  // namespace weir::decode::packet::test
