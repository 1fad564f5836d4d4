// A dissected packet as the columns of a row.
#include <array>

#include "decode/packet/ipv6_text.h"
#include "decode/packet/packet.h"

namespace weir::decode::packet {
namespace {

using flow::Column;
using flow::FlowBatch;

template <Column column>
void put(FlowBatch& batch, size_t row, flow::ValueOf<column> value) {
  if (batch.is_valid(column, row)) return;
  batch.values<column>()[row] = value;
  batch.set_valid(column, row, 1);
}

template <Column column>
void put_text(FlowBatch& batch, size_t row, std::string_view text) {
  if (!batch.is_valid(column, row)) put<column>(batch, row, batch.add_text(text));
}

// The tags of one side of the device.
template <Column vlan, Column priority, Column customer_vlan>
void put_tags(const Headers& outer, FlowBatch& batch, size_t row) {
  put<vlan>(batch, row, outer.vlan[0]);
  put<priority>(batch, row, outer.vlan_priority[0]);
  if (outer.vlan_count > 1) put<customer_vlan>(batch, row, outer.vlan[1]);
}

bool went_out(const FlowBatch& batch, size_t row) {
  constexpr uint8_t kEgress = 1;
  return batch.is_valid(Column::flow_direction, row) && batch.values<Column::flow_direction>()[row] == kEgress;
}

void put_link(const Headers& outer, FlowBatch& batch, size_t row) {
  if (outer.ethernet) {
    put<Column::src_mac>(batch, row, outer.src_mac);
    put<Column::dst_mac>(batch, row, outer.dst_mac);
  }
  if (outer.vlan_count == 0) return;
  put<Column::vlan_id>(batch, row, outer.vlan[0]);
  if (went_out(batch, row))
    put_tags<Column::dst_vlan, Column::dst_vlan_priority, Column::dst_customer_vlan_id>(outer, batch, row);
  else
    put_tags<Column::src_vlan, Column::vlan_priority, Column::customer_vlan_id>(outer, batch, row);
}

template <Column... columns>
void put_labels(const Headers& level, FlowBatch& batch, size_t row) {
  static_assert(sizeof...(columns) == kMaxLabels);
  size_t i = 0;
  ((i < level.label_count ? put<columns>(batch, row, level.labels[i]) : void(), ++i), ...);
}

void put_mpls(const Headers& level, FlowBatch& batch, size_t row) {
  put<Column::mpls_ttl>(batch, row, level.mpls_ttl);
  put_labels<Column::mpls_label_1, Column::mpls_label_2, Column::mpls_label_3, Column::mpls_label_4,
             Column::mpls_label_5, Column::mpls_label_6, Column::mpls_label_7, Column::mpls_label_8,
             Column::mpls_label_9, Column::mpls_label_10>(level, batch, row);
}

void put_ip(const Headers& level, FlowBatch& batch, size_t row) {
  put<Column::src_addr>(batch, row, level.src_addr);
  put<Column::dst_addr>(batch, row, level.dst_addr);
  if (level.proto_known) put<Column::proto>(batch, row, level.proto);
  put<Column::ip_tos>(batch, row, level.tos);
  put<Column::ip_ttl>(batch, row, level.ttl);
  if (level.ip_version == 6) put<Column::ipv6_flow_label>(batch, row, level.flow_label);
  if (level.fragment_known) {
    put<Column::fragment_id>(batch, row, level.fragment_id);
    put<Column::fragment_offset>(batch, row, level.fragment_offset);
    put<Column::ip_flags>(batch, row, level.ip_flags);
  }
}

void put_transport(const Headers& level, FlowBatch& batch, size_t row) {
  if (level.ports) {
    put<Column::src_port>(batch, row, level.src_port);
    put<Column::dst_port>(batch, row, level.dst_port);
  }
  if (level.tcp) put<Column::tcp_flags>(batch, row, level.tcp_flags);
  if (level.icmp) {
    put<Column::icmp_type>(batch, row, level.icmp_type);
    put<Column::icmp_code>(batch, row, level.icmp_code);
  }
}

void put_segments(const SegmentRouting& srv6, const IpAddress& active, FlowBatch& batch, size_t row) {
  put<Column::srv6_segments_left>(batch, row, srv6.segments_left);
  put<Column::srv6_active_segment>(batch, row, active);
  if (srv6.segment_count == 0 || batch.is_valid(Column::srv6_segments, row)) return;
  std::array<char, kMaxSegments*(kMaxIpv6Text + 1)> text;
  size_t used = 0;
  for (size_t i = 0; i < srv6.segment_count; ++i) {
    if (i > 0) text[used++] = ' ';
    used += ipv6_text(srv6.segments[i], std::span(text).subspan(used)).size();
  }
  put_text<Column::srv6_segments>(batch, row, std::string_view(text.data(), used));
}

void put_inner(const Headers& inner, FlowBatch& batch, size_t row) {
  if (inner.ethernet) {
    put<Column::inner_src_mac>(batch, row, inner.src_mac);
    put<Column::inner_dst_mac>(batch, row, inner.dst_mac);
  }
  if (inner.etype != 0) put<Column::inner_etype>(batch, row, inner.etype);
  if (inner.vlan_count > 0) put<Column::inner_vlan_id>(batch, row, inner.vlan[0]);
  if (!inner.ip) return;
  put<Column::inner_src_addr>(batch, row, inner.src_addr);
  put<Column::inner_dst_addr>(batch, row, inner.dst_addr);
  if (inner.proto_known) put<Column::inner_proto>(batch, row, inner.proto);
  put<Column::inner_tos>(batch, row, inner.tos);
  put<Column::inner_ttl>(batch, row, inner.ttl);
  if (inner.ports) {
    put<Column::inner_src_port>(batch, row, inner.src_port);
    put<Column::inner_dst_port>(batch, row, inner.dst_port);
  }
  if (inner.tcp) put<Column::inner_tcp_flags>(batch, row, inner.tcp_flags);
}

}  // namespace

void put_columns(const Packet& packet, FlowBatch& batch, size_t row) {
  const Headers& outer = packet.outer;
  // Ethernet over MPLS has no other IP packet than the inner one, MPLS over IP no other labels.
  const Headers& network = outer.ip ? outer : packet.inner;
  const Headers& labelled = outer.label_count > 0 ? outer : packet.inner;

  put_link(outer, batch, row);
  const uint16_t etype = network.ip ? network.etype : outer.etype;
  if (etype != 0) put<Column::etype>(batch, row, etype);
  if (labelled.label_count > 0) put_mpls(labelled, batch, row);
  if (network.ip) {
    put_ip(network, batch, row);
    put_transport(network, batch, row);
  }
  if (packet.srv6.present) put_segments(packet.srv6, outer.dst_addr, batch, row);
  if (packet.tunnel == TunnelType::none) return;
  put_text<Column::tunnel_type>(batch, row, name(packet.tunnel));
  if (packet.has_tunnel_id) put<Column::tunnel_id>(batch, row, packet.tunnel_id);
  put_inner(packet.inner, batch, row);
}

}  // namespace weir::decode::packet
