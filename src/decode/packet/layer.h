// How dissect() walks: every header has a parser, which reads it, keeps what it says in the level that is being filled,
// and names the parser of what follows. The tables that choose a parser by number are in dissect.cc.
#pragma once

#include <cstdint>
#include <optional>

#include "decode/packet/packet.h"

namespace weir::decode::packet {

struct Walk;

// The parser of the next header; none: the walk ends here.
struct Next {
  Next (*parse)(Walk&) = nullptr;
};

struct Walk {
  ByteReader in;
  Packet& packet;
  Headers* level;
  std::optional<uint16_t> pppoe_session{};  // of the outer level

  // What follows belongs to the inner packet. False within a tunnel: there is one inner level.
  bool enter(TunnelType type) {
    if (level != &packet.outer) return false;
    packet.tunnel = type;
    level = &packet.inner;
    return true;
  }
  void set_tunnel_id(uint64_t id) {
    packet.has_tunnel_id = true;
    packet.tunnel_id = id;
  }
  // A header says that no more than `length` bytes follow: the rest is padding.
  void clip(size_t length) {
    if (length < in.remaining()) in = ByteReader(in.rest().first(length));
  }
};

// By number. The EtherType is kept in the level; below 0x0600 it is a length (IEEE 802.3).
Next by_ethertype(Walk& walk, uint16_t type);
Next by_protocol(uint8_t protocol);
Next by_udp_port(uint16_t src_port, uint16_t dst_port);

// link.cc
Next ethernet(Walk& walk);
Next vlan_tag(Walk& walk);
Next e_tag(Walk& walk);
Next vn_tag(Walk& walk);
Next pppoe(Walk& walk);
Next ppp(Walk& walk);
// True if the bytes are an Ethernet frame with a payload that goes with its EtherType: for encapsulations that do not
// say what they carry. Nothing: too few bytes to tell.
std::optional<bool> begins_frame(ByteView bytes);

// mpls.cc
Next mpls(Walk& walk);

// ip.cc
Next ip(Walk& walk);  // by the version in the first nibble
Next ipv4(Walk& walk);
Next ipv6(Walk& walk);

// transport.cc
Next tcp(Walk& walk);
Next udp(Walk& walk);
Next ports(Walk& walk);  // SCTP, DCCP, UDP-Lite: two ports first, then what has no column
Next icmp(Walk& walk);

// gre.cc
Next gre(Walk& walk);  // over IP, or over UDP (RFC 8086)

// tunnel.cc
Next ip_in_ip(Walk& walk);
Next ethernet_in_ip(Walk& walk);    // RFC 3378
Next ethernet_in_ipv6(Walk& walk);  // RFC 8986: next header 143
Next vxlan(Walk& walk);
Next vxlan_gpe(Walk& walk);
Next geneve(Walk& walk);
Next gtpu(Walk& walk);
Next l2tp_udp(Walk& walk);
Next l2tp_ip(Walk& walk);
Next teredo(Walk& walk);
Next mpls_in_udp(Walk& walk);

}  // namespace weir::decode::packet
