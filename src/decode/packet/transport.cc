// TCP, UDP, ICMP and the other protocols that begin with two ports.
#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

bool read_ports(Walk& walk) {
  const auto header = walk.in.read<Ports>();
  if (!header) return false;
  walk.level->ports = true;
  walk.level->src_port = header->source;
  walk.level->dst_port = header->destination;
  return true;
}

}  // namespace

Next ports(Walk& walk) {
  read_ports(walk);
  return {};
}

Next tcp(Walk& walk) {
  if (!read_ports(walk)) return {};
  const auto rest = walk.in.read<TcpRest>();
  if (!rest) return {};
  walk.level->tcp = true;
  walk.level->tcp_flags = rest->offset_flags & 0x01ff;
  return {};
}

Next udp(Walk& walk) {
  if (!read_ports(walk)) return {};
  const auto rest = walk.in.read<UdpRest>();
  if (!rest) return {};
  const size_t length = rest->length;
  constexpr size_t kHeader = sizeof(Ports) + sizeof(UdpRest);
  // 0: a jumbogram (RFC 2675), or left to the network card.
  if (length != 0) {
    if (length < kHeader) return {};
    walk.clip(length - kHeader);
  }
  return by_udp_port(walk.level->src_port, walk.level->dst_port);
}

Next icmp(Walk& walk) {
  const auto header = walk.in.read<IcmpHeader>();
  if (!header) return {};
  walk.level->icmp = true;
  walk.level->icmp_type = header->type;
  walk.level->icmp_code = header->code;
  return {};
}

}  // namespace weir::decode::packet
