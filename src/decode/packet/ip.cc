// IPv4 and IPv6 with its extension headers.
#include <algorithm>

#include "decode/packet/layer.h"
#include "decode/packet/wire.h"

namespace weir::decode::packet {
namespace {

constexpr uint8_t kSegmentRouting = 4;  // routing type

void read_segments(SegmentRouting& srv6, ByteReader body) {
  const auto header = body.read<SegmentRoutingHeader>();
  if (!header || header->routing_type != kSegmentRouting) return;
  srv6.present = true;
  srv6.segments_left = header->segments_left;
  srv6.segment_count = 0;
  const size_t count = std::min(size_t{header->last_entry} + 1, kMaxSegments);
  while (srv6.segment_count < count) {
    const auto segment = body.read<IpAddress>();
    if (!segment) return;
    srv6.segments[srv6.segment_count++] = *segment;
  }
}

// True if this is not the first fragment: what follows is the middle of something.
bool read_fragment(Headers& level, const Ipv6FragmentHeader& header) {
  const uint16_t offset_flags = header.offset_flags;
  level.fragment_known = true;
  level.fragment_id = header.identification;
  level.fragment_offset = offset_flags >> 3;
  level.ip_flags = offset_flags & 1;
  return level.fragment_offset != 0;
}

Next upper_layer(Headers& level, uint8_t protocol) {
  level.proto_known = true;
  level.proto = protocol;
  return by_protocol(protocol);
}

// The extension headers, the first of which is `next_header`.
Next extensions(Walk& walk, uint8_t next_header) {
  Headers& level = *walk.level;
  for (size_t count = 0; count < kMaxExtensionHeaders && is_ipv6_extension(next_header); ++count) {
    if (next_header == kIpv6Fragment) {
      const auto fragment = walk.in.read<Ipv6FragmentHeader>();
      if (!fragment) return {};
      next_header = fragment->next_header;
      if (!read_fragment(level, *fragment)) continue;
      if (!is_ipv6_extension(next_header)) upper_layer(level, next_header);
      return {};
    }
    const auto extension = read_ipv6_extension(next_header, walk.in);
    if (!extension) return {};
    if (next_header == kIpv6Routing && &level == &walk.packet.outer) {
      const size_t there = std::min(extension->body_bytes, walk.in.remaining());
      read_segments(walk.packet.srv6, ByteReader(walk.in.rest().first(there)));
    }
    if (!walk.in.skip(extension->body_bytes)) return {};
    next_header = extension->next_header;
  }
  return is_ipv6_extension(next_header) ? Next{} : upper_layer(level, next_header);
}

}  // namespace

Next ip(Walk& walk) {
  if (walk.in.empty()) return {};
  const int version = walk.in.rest()[0] >> 4;
  if (version == 4) return {ipv4};
  return version == 6 ? Next{ipv6} : Next{};
}

Next ipv4(Walk& walk) {
  const auto header = walk.in.read<Ipv4Header>();
  if (!header || header->version_ihl >> 4 != 4) return {};
  const size_t header_length = size_t{header->version_ihl} % 16 * 4;
  if (header_length < sizeof(Ipv4Header)) return {};
  const uint16_t flags_offset = header->flags_offset;
  const size_t total_length = header->total_length;

  Headers& level = *walk.level;
  level.etype = kEtypeIpv4;
  level.ip = true;
  level.ip_version = 4;
  level.src_addr = IpAddress::from_v4(header->source);
  level.dst_addr = IpAddress::from_v4(header->destination);
  level.ip_length = static_cast<uint32_t>(total_length);
  level.tos = header->tos;
  level.ttl = header->ttl;
  level.fragment_known = true;
  level.fragment_id = header->identification;
  level.fragment_offset = flags_offset & 0x1fff;
  level.ip_flags = flags_offset >> 13 & 3;
  const Next next = upper_layer(level, header->protocol);

  if (level.fragment_offset != 0) return {};
  // 0: the length was left to the network card (segmentation offload).
  if (total_length != 0) {
    if (total_length < header_length) return {};
    walk.clip(total_length - sizeof(Ipv4Header));
  }
  return walk.in.skip(header_length - sizeof(Ipv4Header)) ? next : Next{};
}

Next ipv6(Walk& walk) {
  const auto header = walk.in.read<Ipv6Header>();
  if (!header) return {};
  const uint32_t first = header->version_class_flow;
  if (first >> 28 != 6) return {};
  const size_t payload_length = header->payload_length;

  Headers& level = *walk.level;
  level.etype = kEtypeIpv6;
  level.ip = true;
  level.ip_version = 6;
  level.src_addr = header->source;
  level.dst_addr = header->destination;
  level.tos = static_cast<uint8_t>(first >> 20);
  level.flow_label = first & 0xfffff;
  level.ttl = header->hop_limit;
  // 0: a jumbogram (RFC 2675), or left to the network card.
  if (payload_length != 0) {
    level.ip_length = static_cast<uint32_t>(sizeof(Ipv6Header) + payload_length);
    walk.clip(payload_length);
  }
  return extensions(walk, header->next_header);
}

}  // namespace weir::decode::packet
