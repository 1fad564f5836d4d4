// A packet from an attacker: one byte for the link layer, then the bytes of the packet. What is read of it has to
// be within bounds, and the same however the packet before it looked.
#include <cstdlib>

#include "base/check.h"
#include "decode/fuzz_session.h"
#include "decode/packet/packet.h"

namespace {

using namespace weir;
using namespace weir::decode::packet;

void check(const Headers& level) {
  CHECK(level.vlan_count <= kMaxVlanTags);
  CHECK(level.label_count <= level.labels.size());
  for (const uint16_t vlan : level.vlan) CHECK(vlan < 4096);
  for (const uint8_t priority : level.vlan_priority) CHECK(priority < 8);
  for (const uint32_t label : level.labels) CHECK(label < 1U << 20);
  CHECK(level.src_mac >> 48 == 0 && level.dst_mac >> 48 == 0);
  CHECK(level.ip == (level.ip_version == 4 || level.ip_version == 6));
  CHECK(level.ip || !level.proto_known);
  CHECK(level.proto_known || !(level.ports || level.tcp || level.icmp));
  CHECK(level.ports || !level.tcp);
  CHECK(level.fragment_offset == 0 || !level.ports);
  CHECK(level.fragment_offset < 8192 && level.ip_flags < 4 && level.tcp_flags < 512);
  CHECK(level.flow_label < 1U << 20 && level.ip_length <= 65535 + 40);
}

void check(const Packet& packet) {
  check(packet.outer);
  check(packet.inner);
  CHECK(packet.srv6.segment_count <= packet.srv6.segments.size());
  CHECK(packet.srv6.present || packet.srv6.segment_count == 0);
  if (packet.tunnel == TunnelType::none || packet.tunnel == TunnelType::pppoe) {
    CHECK(!packet.inner.ethernet && !packet.inner.ip && packet.inner.label_count == 0);
  }
  CHECK(packet.tunnel != TunnelType::none || !packet.has_tunnel_id);
}

uint64_t columns_of(const Packet& packet) {
  static flow::FlowBatch batch(64);
  batch.reset();
  batch.append(1, IpAddress{});
  put_columns(packet, batch, 0);
  // Once more: every column has its value already.
  const size_t texts = batch.text_bytes();
  put_columns(packet, batch, 0);
  CHECK(batch.text_bytes() == texts);
  return decode::fuzz::touch(batch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader in({data, size});
  const auto link = in.read<BigEndian<uint8_t>>();
  if (!link) return 0;
  static Packet reused;
  Packet fresh;
  const auto kind = static_cast<Link>(*link % (static_cast<uint8_t>(Link::unknown) + 1));
  dissect(in.rest(), kind, fresh);
  dissect(in.rest(), kind, reused);
  check(fresh);
  CHECK(columns_of(fresh) == columns_of(reused));
  return 0;
}
