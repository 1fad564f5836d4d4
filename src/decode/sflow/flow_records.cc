#include "decode/sflow/flow_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ether_type.h"
#include "decode/sflow/text.h"
#include "decode/template/convert.h"

namespace weir::decode::sflow {
namespace {

using flow::Anomaly;
using flow::Column;
using flow::ColumnType;

constexpr uint32_t kEthernet = format_of(0, 2);
constexpr uint32_t kIpv4 = format_of(0, 3);
constexpr uint32_t kIpv6 = format_of(0, 4);
constexpr uint32_t kSwitch = format_of(0, 1001);
constexpr uint32_t kRouter = format_of(0, 1002);
constexpr uint32_t kGateway = format_of(0, 1003);
constexpr uint32_t kMpls = format_of(0, 1006);
constexpr uint32_t kLdpFec = format_of(0, 1011);
constexpr uint32_t kVlanTunnel = format_of(0, 1012);
constexpr uint32_t kWirelessPayload = format_of(0, 1013);
constexpr uint32_t kIpv4TunnelEgress = format_of(0, 1023);
constexpr uint32_t kIpv6TunnelIngress = format_of(0, 1026);
constexpr uint32_t kVlanIn = format_of(0, 1034);
constexpr uint32_t kVlanOut = format_of(0, 1035);
constexpr uint32_t kAcl = format_of(0, 1037);
constexpr uint32_t kFunction = format_of(0, 1038);
constexpr uint32_t kHardwareTrap = format_of(0, 1041);
constexpr uint32_t kLinuxDropReason = format_of(0, 1042);
constexpr uint32_t kHttpV1 = format_of(0, 2201);
constexpr uint32_t kHttp = format_of(0, 2206);

constexpr uint32_t kUnknown = UINT32_MAX;
constexpr uint64_t kMaxVlan = 4095;
constexpr uint64_t kMaxPriority = 7;
constexpr uint64_t kMaxPrefix = 128;
constexpr uint8_t kForwardingDropped = 128;  // RFC 7270: status 10, reason not known
constexpr uint8_t kIpInIp = 4;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kIpv6InIp = 41;
constexpr uint8_t kGre = 47;
constexpr uint8_t kSctp = 132;

// Of several lengths that records give, that of the raw header is the one people expect.
constexpr uint8_t kRankIp = 1;
constexpr uint8_t kRankEthernet = 2;
constexpr uint8_t kRankRawHeader = 3;

template <Column column, class T>
void put(const RowPlace& place, T value) {
  place.batch.values<column>()[place.row] = static_cast<flow::ValueOf<column>>(value);
  place.batch.set_valid(column, place.row, 1);
}

bool has(const RowPlace& place, Column column) { return place.batch.is_valid(column, place.row); }

// A number that may be beyond what there is of it, or stand for "not known".
template <Column column>
void put_known(const RowPlace& place, uint32_t value, uint64_t most = max_value(flow::info(column).type)) {
  if (value == kUnknown) return;
  if (value > most)
    place.anomalies.add(Anomaly::value_out_of_range);
  else
    put<column>(place, value);
}

template <Column column>
void put_checked(const RowPlace& place, uint32_t value, uint64_t most = max_value(flow::info(column).type)) {
  if (!has(place, column)) put_known<column>(place, value, most);
}

void put_address(Column column, const IpAddress& address, const RowPlace& place) {
  static_cast<IpAddress*>(place.batch.raw(column))[place.row] = address;
  place.batch.set_valid(column, place.row, 1);
}

void put_number(Column column, uint64_t value, const RowPlace& place) {
  const ColumnType type = flow::info(column).type;
  if (value > max_value(type)) {
    place.anomalies.add(Anomaly::value_out_of_range);
    return;
  }
  void* memory = place.batch.raw(column);
  switch (flow::width(type)) {
    case 1:
      static_cast<uint8_t*>(memory)[place.row] = static_cast<uint8_t>(value);
      break;
    case 2:
      static_cast<uint16_t*>(memory)[place.row] = static_cast<uint16_t>(value);
      break;
    case 4:
      static_cast<uint32_t*>(memory)[place.row] = static_cast<uint32_t>(value);
      break;
    default:
      static_cast<uint64_t*>(memory)[place.row] = value;
      break;
  }
  place.batch.set_valid(column, place.row, 1);
}

// The middle of a packet, which has no ports. (A device that has not seen them says 0.)
bool is_later_fragment(const RowPlace& place) {
  return has(place, Column::fragment_offset) && place.batch.values<Column::fragment_offset>()[place.row] != 0;
}

std::string_view http_method(uint64_t method) {
  constexpr std::string_view kMethods[] = {"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"};
  if (method == 0 || method > std::size(kMethods)) return {};
  return std::span(kMethods)[method - 1];
}

// Which tunnel an outer header stands for, as far as it tells.
packet::TunnelType tunnel_type(uint64_t protocol, uint64_t destination_port) {
  using packet::TunnelType;
  if (protocol == kGre) return TunnelType::gre;
  if (protocol == kIpInIp || protocol == kIpv6InIp) return TunnelType::ipip;
  if (protocol != kUdp) return TunnelType::none;
  switch (destination_port) {
    case 4789:
      return TunnelType::vxlan;
    case 6081:
      return TunnelType::geneve;
    case 2152:
      return TunnelType::gtpu;
    case 1701:
      return TunnelType::l2tp;
    default:
      return TunnelType::none;
  }
}

std::string prefix_text(const IpAddress& address, uint32_t length) {
  const uint32_t bits = address.is_v4() ? 32 : 128;
  if (length > bits) return {};
  IpAddress network = address;
  const size_t first = address.is_v4() ? 12 : 0;
  for (size_t bit = length; bit < bits; ++bit) {
    network.bytes[first + bit / 8] &= static_cast<uint8_t>(~(0x80U >> (bit % 8)));
  }
  return fmt::format("{}/{}", network.to_string(), length);
}

void put_input(const Interface& input, const RowPlace& place) {
  if (input.format != 0) {
    place.anomalies.add(Anomaly::value_out_of_range);  // a packet comes in by one interface
  } else if (input.value == kInternal) {
    put<Column::in_if>(place, 0);
  } else if (input.value != 0) {
    put<Column::in_if>(place, input.value);
  }
}

void put_dropped(uint32_t reason, const RowPlace& place) {
  put<Column::forwarding_status>(place, kForwardingDropped);
  put_checked<Column::drop_reason>(place, reason);
}

void put_output(const Interface& output, const RowPlace& place) {
  constexpr uint32_t kDiscarded = 1;
  constexpr uint32_t kSeveral = 2;
  switch (output.format) {
    case 0:
      if (output.value == kInternal)
        put<Column::out_if>(place, 0);
      else if (output.value != 0)
        put<Column::out_if>(place, output.value);
      break;
    case kDiscarded:
      put_dropped(output.value, place);
      break;
    case kSeveral:
      put<Column::out_if_count>(place, output.value);
      break;
    default:
      place.anomalies.add(Anomaly::value_out_of_range);
      break;
  }
}

// The packet was sampled where the data source is.
void put_direction(const Sample& sample, const RowPlace& place) {
  constexpr uint32_t kSourceInterface = 0;
  if (sample.source_type != kSourceInterface || sample.source_index == 0) return;
  const bool ingress = sample.input.format == 0 && sample.input.value == sample.source_index;
  const bool egress = sample.output.format == 0 && sample.output.value == sample.source_index;
  if (ingress != egress) put<Column::flow_direction>(place, egress ? 1 : 0);
}

}  // namespace

packet::Link link_of(uint32_t header_protocol) {
  using packet::Link;
  switch (header_protocol) {
    case 1:
      return Link::ethernet;
    case 7:   // PPP, RFC 1661
    case 14:  // POS, RFC 1662 and 2615
      return Link::ppp;
    case 11:
      return Link::ipv4;
    case 12:
      return Link::ipv6;
    case 13:
      return Link::mpls;
    default:
      return Link::unknown;
  }
}

void FlowRecords::put_sample(const Sample& sample, RecordCutter& records, const RowPlace& place) {
  put_input(sample.input, place);
  put_output(sample.output, place);
  put_direction(sample, place);
  if (sample.kind == SampleKind::discard) put_dropped(sample.reason, place);
  Summary summary;
  for (Record record; records.next(record);) put_record(record, place, summary);
  finish(sample, place, summary);
}

void FlowRecords::put_record(const Record& record, const RowPlace& place, Summary& summary) {
  bool whole = true;
  switch (record.format) {
    case kRawHeader:
      whole = put_raw_header(record.body, place, summary);
      break;
    case kSwitch:
      whole = put_switch(record.body, place);
      break;
    case kRouter:
      whole = put_router(record.body, place);
      break;
    default:
      whole = put_by_layout(record, place, summary);
      break;
  }
  if (!whole) place.anomalies.add(Anomaly::bad_sample_record);
}

bool FlowRecords::put_raw_header(ByteView body, const RowPlace& place, Summary& summary) {
  constexpr size_t kFixed = 4 * sizeof(uint32_t);  // protocol, length of the frame, stripped, length of the header
  if (body.size() < kFixed || body.size() - kFixed < word_at(body, 3)) return false;
  if (summary.bytes_rank < kRankRawHeader) {
    summary.bytes_rank = kRankRawHeader;
    summary.bytes = word_at(body, 1);
  }
  packet::dissect(body.subspan(kFixed, word_at(body, 3)), link_of(word_at(body, 0)), packet_);
  packet::put_columns(packet_, place.batch, place.row);
  return true;
}

bool FlowRecords::put_switch(ByteView body, const RowPlace& place) {
  if (body.size() < 4 * sizeof(uint32_t)) return false;
  // What the device says of its ports is more than the tag of the frame, which is on one side only.
  put_known<Column::src_vlan>(place, word_at(body, 0), kMaxVlan);
  put_known<Column::vlan_priority>(place, word_at(body, 1), kMaxPriority);
  put_known<Column::dst_vlan>(place, word_at(body, 2), kMaxVlan);
  put_known<Column::dst_vlan_priority>(place, word_at(body, 3), kMaxPriority);
  return true;
}

bool FlowRecords::put_router(ByteView body, const RowPlace& place) {
  XdrReader in(body);
  IpAddress next_hop;
  size_t length = 0;
  if (!read_address(in, next_hop, length) || in.remaining() < 2 * sizeof(uint32_t)) return false;
  if (length != 0 && !has(place, Column::next_hop)) put<Column::next_hop>(place, next_hop);
  put_checked<Column::src_net>(place, word_at(in.rest(), 0), kMaxPrefix);
  put_checked<Column::dst_net>(place, word_at(in.rest(), 1), kMaxPrefix);
  return true;
}

bool FlowRecords::put_by_layout(const Record& record, const RowPlace& place, Summary& summary) {
  const Layout* layout = flow_layout(record.format);
  if (layout == nullptr) {
    place.anomalies.add(Anomaly::unknown_sample_record);
    return true;
  }
  const size_t fields = read_fields(*layout, record.body, values_);
  if (fields == 0) return false;
  for (size_t i = 0; i < fields; ++i) put_field(layout->fields[i], values_[i], place);
  put_special(record.format, place, summary);
  return true;
}

void FlowRecords::put_field(const Field& field, const Value& value, const RowPlace& place) {
  if (!field.column || is_unknown(field.kind, value) || has(place, *field.column)) return;
  switch (field.kind) {
    case Kind::ipv4:
    case Kind::ipv6:
    case Kind::address:
      if (value.has_address) put_address(*field.column, value.address, place);
      break;
    case Kind::text:
      put_text(*field.column, value.bytes, place);
      break;
    default:
      put_number(*field.column, value.number, place);
      break;
  }
}

// What needs more than one field, or more than its number. The fields are in values_.
void FlowRecords::put_special(uint32_t format, const RowPlace& place, Summary& summary) {
  switch (format) {
    case kEthernet:
      note_ethernet(summary);
      break;
    case kIpv4:
      note_ip(kEtypeIpv4, summary);
      break;
    case kIpv6:
      note_ip(kEtypeIpv6, summary);
      break;
    case kGateway:
      put_route(place);
      break;
    case kMpls:
      put_labels(place);
      break;
    case kLdpFec:
      summary.fec_length = static_cast<uint32_t>(values_[0].number);
      break;
    case kVlanTunnel:
      put_tags(Column::vlan_id, Column::customer_vlan_id, place);
      break;
    case kVlanIn:
      put_tags(Column::src_vlan, Column::customer_vlan_id, place);
      break;
    case kVlanOut:
      put_tags(Column::dst_vlan, Column::dst_customer_vlan_id, place);
      break;
    case kWirelessPayload:
      put_wireless_payload(place);
      break;
    case kAcl:
      put_acl(place);
      break;
    case kFunction:
      if (!has(place, Column::drop_reason_name)) put_text(Column::drop_reason_name, values_[0].bytes, place);
      break;
    case kHardwareTrap:
      put_text(Column::drop_reason_name, values_[1].bytes, place);
      break;
    case kLinuxDropReason:
      put_text(Column::drop_reason_name, values_[0].bytes, place);
      break;
    case kHttpV1:
    case kHttp:
      put_text(Column::http_method, http_method(values_[0].number), place);
      break;
    default:
      if (format >= kIpv4TunnelEgress && format <= kIpv6TunnelIngress) put_tunnel(place);
      break;
  }
}

void FlowRecords::note_ethernet(Summary& summary) const {
  if (summary.bytes_rank < kRankEthernet) {
    summary.bytes_rank = kRankEthernet;
    summary.bytes = values_[0].number;
  }
  if (summary.ethernet.present) return;
  summary.ethernet = {.present = true,
                      .src_mac = values_[1].number,
                      .dst_mac = values_[2].number,
                      .type = static_cast<uint32_t>(values_[3].number)};
}

// sampled_ipv4 and sampled_ipv6 have the same fields: length, protocol, source, destination, ports, TCP flags, ToS.
void FlowRecords::note_ip(uint16_t etype, Summary& summary) const {
  if (summary.bytes_rank < kRankIp) {
    summary.bytes_rank = kRankIp;
    summary.bytes = values_[0].number;
  }
  if (summary.ip.etype != 0) return;
  const auto number = [this](size_t field) { return static_cast<uint32_t>(values_[field].number); };
  summary.ip = {.etype = etype,
                .protocol = number(1),
                .src_addr = values_[2].address,
                .dst_addr = values_[3].address,
                .src_port = number(4),
                .dst_port = number(5),
                .tcp_flags = number(6),
                .tos = number(7)};
}

// An empty path leads into the router's own AS, and 0 as the source's AS means it too.
void FlowRecords::put_route(const RowPlace& place) {
  constexpr size_t kRouterAs = 1;
  constexpr size_t kSourceAs = 2;
  constexpr size_t kPath = 4;
  constexpr size_t kCommunities = 5;
  if (has(place, Column::as_path) || has(place, Column::bgp_communities)) return;
  const auto router_as = static_cast<uint32_t>(values_[kRouterAs].number);
  AsPathEnds ends;
  text_.clear();
  const bool whole_path = append_as_path(values_[kPath].bytes, limits_.route_numbers, text_, ends);
  put_text(Column::as_path, std::string_view(text_), place);
  if (ends.any) {
    put<Column::next_hop_as>(place, ends.first);
    put<Column::dst_as>(place, ends.last);
  } else if (router_as != 0) {
    put_known<Column::dst_as>(place, router_as);
  }
  if (values_[kSourceAs].number == 0 && router_as != 0) put_known<Column::src_as>(place, router_as);
  text_.clear();
  const bool whole_list = append_communities(values_[kCommunities].bytes, limits_.route_numbers, text_);
  put_text(Column::bgp_communities, std::string_view(text_), place);
  if (!whole_path || !whole_list) place.anomalies.add(Anomaly::list_limit);
}

void FlowRecords::put_labels(const RowPlace& place) {
  constexpr std::array<Column, packet::kMaxLabels> kLabels = {
      Column::mpls_label_1, Column::mpls_label_2, Column::mpls_label_3, Column::mpls_label_4, Column::mpls_label_5,
      Column::mpls_label_6, Column::mpls_label_7, Column::mpls_label_8, Column::mpls_label_9, Column::mpls_label_10};
  const ByteView in_stack = values_[1].bytes;
  const ByteView out_stack = values_[2].bytes;
  const size_t in_labels = std::min(word_count(in_stack), kLabels.size());
  const size_t out_labels = std::min(word_count(out_stack), kLabels.size());
  if (in_labels > 0 && !has(place, Column::mpls_ttl)) put<Column::mpls_ttl>(place, label_of(word_at(in_stack, 0)).ttl);
  for (size_t i = 0; i < in_labels; ++i) {
    if (!has(place, kLabels[i])) put_number(kLabels[i], label_of(word_at(in_stack, i)).label, place);
  }
  text_.clear();
  for (size_t i = 0; i < out_labels; ++i) {
    fmt::format_to(std::back_inserter(text_), "{}{}", i == 0 ? "" : " ", label_of(word_at(out_stack, i)).label);
  }
  put_text(Column::mpls_out_labels, std::string_view(text_), place);
  if (in_labels < word_count(in_stack) || out_labels < word_count(out_stack)) place.anomalies.add(Anomaly::list_limit);
}

void FlowRecords::put_tags(Column outer, Column inner, const RowPlace& place) {
  const ByteView stack = values_[0].bytes;
  const size_t tags = word_count(stack);
  if (tags > 0 && !has(place, outer)) put_number(outer, tag_of(word_at(stack, 0)).vlan, place);
  if (tags > 1 && !has(place, inner)) put_number(inner, tag_of(word_at(stack, 1)).vlan, place);
}

void FlowRecords::put_tunnel(const RowPlace& place) {
  if (has(place, Column::tunnel_src_addr)) return;
  put<Column::tunnel_src_addr>(place, values_[2].address);
  put<Column::tunnel_dst_addr>(place, values_[3].address);
  const packet::TunnelType type = tunnel_type(values_[1].number, values_[5].number);
  if (type != packet::TunnelType::none && !has(place, Column::tunnel_type))
    put_text(Column::tunnel_type, packet::name(type), place);
}

// number, name, direction: 1 ingress, 2 egress
void FlowRecords::put_acl(const RowPlace& place) {
  constexpr uint64_t kEgress = 2;
  const Column column = values_[2].number == kEgress ? Column::egress_acl : Column::ingress_acl;
  if (has(place, column)) return;
  if (!values_[1].bytes.empty())
    put_text(column, values_[1].bytes, place);
  else
    put_text(column, std::string_view(fmt::format("{}", values_[0].number)), place);
}

// What was encrypted on the air, from the LLC header on (IEEE 802.2; SNAP says what follows).
void FlowRecords::put_wireless_payload(const RowPlace& place) {
  constexpr std::array<uint8_t, 6> kSnap = {0xaa, 0xaa, 0x03, 0, 0, 0};
  const ByteView data = values_[1].bytes;
  if (data.size() < 8 || !std::ranges::equal(data.first(6), kSnap)) return;
  const auto etype = load_be<uint16_t>(data.subspan(6).data());
  const packet::Link link = etype == kEtypeIpv4   ? packet::Link::ipv4
                            : etype == kEtypeIpv6 ? packet::Link::ipv6
                                                  : packet::Link::unknown;
  packet::dissect(data.subspan(8), link, packet_);
  packet::put_columns(packet_, place.batch, place.row);
  if (!has(place, Column::etype)) put<Column::etype>(place, etype);
}

void FlowRecords::put_text(Column column, ByteView bytes, const RowPlace& place) {
  if (bytes.size() > limits_.text_length) {
    bytes = bytes.first(limits_.text_length);
    place.anomalies.add(Anomaly::list_limit);
  }
  text_.clear();
  append_utf8(bytes, text_);
  put_text(column, std::string_view(text_), place);
}

void FlowRecords::put_text(Column column, std::string_view text, const RowPlace& place) {
  if (text.empty()) return;
  const flow::TextRef ref = place.batch.add_text(text);
  static_cast<flow::TextRef*>(place.batch.raw(column))[place.row] = ref;
  place.batch.set_valid(column, place.row, 1);
}

// The sampled header tells the same and more, as far as it goes: what the device has read of the packet comes after it,
// wherever its record stands, and fills what is behind the end of the header. A record about another packet (the inner
// one of a tunnel, the one after translation) fills nothing.
void FlowRecords::put_parsed(const RowPlace& place, const Summary& summary) {
  const ParsedEthernet& ethernet = summary.ethernet;
  if (ethernet.present && !has(place, Column::src_mac)) {
    put<Column::src_mac>(place, ethernet.src_mac);
    put<Column::dst_mac>(place, ethernet.dst_mac);
    if (ethernet.type >= kFirstEtype) put_checked<Column::etype>(place, ethernet.type);
  }
  const ParsedIp& ip = summary.ip;
  if (ip.etype == 0) return;
  const auto agrees = [&]<Column column>(const auto& value) {
    return !has(place, column) || place.batch.values<column>()[place.row] == value;
  };
  if (!agrees.operator()<Column::src_addr>(ip.src_addr) || !agrees.operator()<Column::dst_addr>(ip.dst_addr) ||
      !agrees.operator()<Column::proto>(ip.protocol))
    return;
  if (!has(place, Column::src_addr)) {
    put<Column::src_addr>(place, ip.src_addr);
    put<Column::dst_addr>(place, ip.dst_addr);
  }
  put_checked<Column::etype>(place, ip.etype);
  put_checked<Column::proto>(place, ip.protocol);
  put_checked<Column::ip_tos>(place, ip.tos);
  if (is_later_fragment(place) && (ip.src_port | ip.dst_port | ip.tcp_flags) == 0) return;
  if (ip.protocol == kTcp || ip.protocol == kUdp || ip.protocol == kSctp) {
    put_checked<Column::src_port>(place, ip.src_port);
    put_checked<Column::dst_port>(place, ip.dst_port);
  }
  if (ip.protocol == kTcp) put_checked<Column::tcp_flags>(place, ip.tcp_flags);
}

void FlowRecords::finish(const Sample& sample, const RowPlace& place, const Summary& summary) {
  put_parsed(place, summary);
  if (summary.bytes_rank != 0) put<Column::bytes>(place, summary.bytes);
  // A packet without a tag belongs to the VLAN of its port.
  if (has(place, Column::src_vlan) && !has(place, Column::vlan_id))
    put<Column::vlan_id>(place, place.batch.values<Column::src_vlan>()[place.row]);
  if (summary.fec_length != kUnknown && has(place, Column::dst_addr)) {
    const IpAddress& destination = place.batch.values<Column::dst_addr>()[place.row];
    put_text(Column::mpls_fec_prefix, std::string_view(prefix_text(destination, summary.fec_length)), place);
  }
  const bool dropped = sample.kind == SampleKind::discard || sample.output.format == 1;
  if (dropped && !has(place, Column::drop_reason_name)) {
    const uint32_t reason = sample.kind == SampleKind::discard ? sample.reason : sample.output.value;
    put_text(Column::drop_reason_name, drop_reason_name(reason), place);
  }
}

}  // namespace weir::decode::sflow
