#include "net/ip_packet.h"

#include "base/packet_headers.h"

namespace weir::net {
namespace {

constexpr uint8_t kUdp = 17;  // protocol number
constexpr uint16_t kIpv4MoreFragments = 0x2000;
constexpr uint16_t kIpv4OffsetMask = 0x1fff;
constexpr uint16_t kIpv6MoreFragments = 0x0001;
constexpr uint16_t kIpv6OffsetMask = 0xfff8;

// Whether what this next header names may, in the end, be UDP. Not a fragment: its content is not known here.
bool may_hold_udp(uint8_t next_header) {
  return next_header == kUdp || (is_ipv6_extension(next_header) && next_header != kIpv6Fragment);
}

IpContent parse_udp(const IpAddress& source, const IpAddress& destination, ByteView bytes) {
  ByteReader reader(bytes);
  const auto header = reader.read<UdpHeader>();
  if (!header || header->length < sizeof(UdpHeader)) return Damaged{};
  const auto payload = reader.take(header->length - sizeof(UdpHeader));
  if (!payload) return Damaged{};
  return UdpDatagram{source, destination, header->source_port, header->destination_port, *payload};
}

// Walks extension headers until UDP, a fragment header or something else. `bytes` begins with what next_header names.
IpContent parse_ipv6_content(const IpAddress& source, const IpAddress& destination, uint8_t next_header,
                             ByteView bytes) {
  ByteReader reader(bytes);
  while (is_ipv6_extension(next_header) && next_header != kIpv6Fragment) {
    const auto extension = read_ipv6_extension(next_header, reader);
    if (!extension || !reader.skip(extension->body_bytes)) return Damaged{};
    next_header = extension->next_header;
  }
  if (next_header == kIpv6Fragment) {
    const auto header = reader.read<Ipv6FragmentHeader>();
    if (!header) return Damaged{};
    if (!may_hold_udp(header->next_header)) return NotUdp{};
    const uint16_t offset_flags = header->offset_flags;
    const FragmentKey key{source, destination, header->identification, header->next_header};
    return Fragment{key, size_t{offset_flags} & kIpv6OffsetMask, (offset_flags & kIpv6MoreFragments) != 0,
                    reader.rest()};
  }
  if (next_header != kUdp) return NotUdp{};
  return parse_udp(source, destination, reader.rest());
}

}  // namespace

IpContent parse_ipv4(ByteView packet) {
  ByteReader reader(packet);
  const auto header = reader.read<Ipv4Header>();
  if (!header || header->version_ihl >> 4 != 4) return Damaged{};
  if (header->protocol != kUdp) return NotUdp{};
  const size_t header_length = size_t{header->version_ihl} % 16 * 4;
  const size_t total_length = header->total_length;
  if (header_length < sizeof(Ipv4Header) || total_length < header_length || total_length > packet.size())
    return Damaged{};

  const ByteView content = packet.subspan(header_length, total_length - header_length);
  const IpAddress source = IpAddress::from_v4(header->source);
  const IpAddress destination = IpAddress::from_v4(header->destination);
  const uint16_t flags_offset = header->flags_offset;
  const bool more = (flags_offset & kIpv4MoreFragments) != 0;
  const size_t offset_bytes = (size_t{flags_offset} & kIpv4OffsetMask) * 8;
  if (!more && offset_bytes == 0) return parse_udp(source, destination, content);
  return Fragment{{source, destination, header->identification, kUdp}, offset_bytes, more, content};
}

IpContent parse_ipv6(ByteView packet) {
  ByteReader reader(packet);
  const auto header = reader.read<Ipv6Header>();
  if (!header || header->version_class_flow >> 28 != 6) return Damaged{};
  // A payload length of 0 would be a jumbogram (RFC 2675). No exporter sends one.
  const auto content = reader.take(header->payload_length);
  if (!content) {
    if (may_hold_udp(header->next_header) || header->next_header == kIpv6Fragment) return Damaged{};
    return NotUdp{};
  }
  return parse_ipv6_content(header->source, header->destination, header->next_header, *content);
}

IpContent parse_reassembled(const FragmentKey& key, ByteView bytes) {
  if (key.next_header == kUdp) return parse_udp(key.source, key.destination, bytes);
  const IpContent content = parse_ipv6_content(key.source, key.destination, key.next_header, bytes);
  // Fragments inside fragments are an attack, not an exporter.
  if (std::holds_alternative<Fragment>(content)) return Damaged{};
  return content;
}

}  // namespace weir::net
