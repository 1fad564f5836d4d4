#include "decode/sflow/layout.h"

#include <algorithm>
#include <bit>

namespace weir::decode::sflow {
namespace {

constexpr size_t kMacBytes = 6;
constexpr size_t kPaddedMacBytes = 8;

uint64_t mac_number(ByteView bytes) { return load_be_sized(bytes.first(kMacBytes)); }

// Lists of lists: they are walked to find their end. Each element takes at least as many bytes as its own head, so
// that the work is bounded by the bytes, whatever the count says.
template <class Next, class Element>
std::optional<ByteView> walk_list(XdrReader& in, Next next, Element element) {
  const auto count = in.u32();
  if (!count) return std::nullopt;
  const ByteView all = in.rest();
  for (uint32_t i = 0; i < *count; ++i) {
    if (!next(in, element)) return std::nullopt;
  }
  return all.first(all.size() - in.remaining());
}

bool read_bytes(std::optional<ByteView> bytes, Value& value) {
  if (!bytes) return false;
  value.bytes = *bytes;
  return true;
}

bool read_word(XdrReader& in, Value& value) {
  const auto word = in.u32();
  value.number = word.value_or(0);
  return word.has_value();
}

bool read_ip(XdrReader& in, size_t length, Value& value) {
  const auto bytes = in.take(length);
  if (!bytes) return false;
  value.has_address = true;
  if (length == 4)
    value.address = IpAddress::from_v4(load_be<uint32_t>(bytes->data()));
  else
    std::copy(bytes->begin(), bytes->end(), value.address.bytes.begin());
  return true;
}

bool read_value(XdrReader& in, Kind kind, Value& value) {
  value = {};
  switch (kind) {
    case Kind::u32:
    case Kind::percent:
      return read_word(in, value);
    case Kind::i32:
      if (!read_word(in, value)) return false;
      value.real = static_cast<double>(std::bit_cast<int32_t>(static_cast<uint32_t>(value.number)));
      return true;
    case Kind::real:
      if (!read_word(in, value)) return false;
      value.real = static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(value.number)));
      return true;
    case Kind::u64: {
      const auto number = in.u64();
      value.number = number.value_or(0);
      return number.has_value();
    }
    case Kind::mac:
      if (!read_bytes(in.take(kPaddedMacBytes), value)) return false;
      value.number = mac_number(value.bytes);
      return true;
    case Kind::ipv4:
      return read_ip(in, 4, value);
    case Kind::ipv6:
      return read_ip(in, 16, value);
    case Kind::address: {
      size_t length = 0;
      if (!read_address(in, value.address, length)) return false;
      value.has_address = length != 0;
      return true;
    }
    case Kind::uuid:
      return read_bytes(in.take(16), value);
    case Kind::text:
    case Kind::bytes:
      return read_bytes(in.opaque(), value);
    case Kind::labels:
    case Kind::tags:
    case Kind::communities:
      return read_bytes(in.words(), value);
    case Kind::lanes:
      return read_bytes(in.elements(kLaneFields.size() * sizeof(uint32_t)), value);
    case Kind::as_path:
      return read_bytes(walk_list(in, next_segment, AsSegment{}), value);
    case Kind::adapters:
      return read_bytes(walk_list(in, next_adapter, Adapter{}), value);
  }
  return false;
}

// The codes of ICMP destination unreachable (RFC 1812), then those of sflow_drops.txt.
constexpr std::string_view kUnreachable[] = {
    "net_unreachable",          "host_unreachable",      "protocol_unreachable",
    "port_unreachable",         "frag_needed",           "src_route_failed",
    "dst_net_unknown",          "dst_host_unknown",      "src_host_isolated",
    "dst_net_prohibited",       "dst_host_prohibited",   "dst_net_tos_unreachable",
    "dst_host_tos_unreachable", "comm_admin_prohibited", "host_precedence_violation",
    "precedence_cutoff"};
constexpr uint32_t kFirstDropReason = 256;
constexpr std::string_view kDropReasons[] = {"unknown",
                                             "ttl_exceeded",
                                             "acl",
                                             "no_buffer_space",
                                             "red",
                                             "traffic_shaping",
                                             "pkt_too_big",
                                             "src_mac_is_multicast",
                                             "vlan_tag_mismatch",
                                             "ingress_vlan_filter",
                                             "ingress_spanning_tree_filter",
                                             "port_list_is_empty",
                                             "port_loopback_filter",
                                             "blackhole_route",
                                             "non_ip",
                                             "uc_dip_over_mc_dmac",
                                             "dip_is_loopback_address",
                                             "sip_is_mc",
                                             "sip_is_loopback_address",
                                             "ip_header_corrupted",
                                             "ipv4_sip_is_limited_bc",
                                             "ipv6_mc_dip_reserved_scope",
                                             "ipv6_mc_dip_interface_local_scope",
                                             "unresolved_neigh",
                                             "mc_reverse_path_forwarding",
                                             "non_routable_packet",
                                             "decap_error",
                                             "overlay_smac_is_mc",
                                             "unknown_l2",
                                             "unknown_l3",
                                             "unknown_l3_exception",
                                             "unknown_buffer",
                                             "unknown_tunnel",
                                             "unknown_l4",
                                             "sip_is_unspecified",
                                             "mlag_port_isolation",
                                             "blackhole_arp_neigh",
                                             "src_mac_is_dmac",
                                             "dmac_is_reserved",
                                             "sip_is_class_e",
                                             "mc_dmac_mismatch",
                                             "sip_is_dip",
                                             "dip_is_local_network",
                                             "dip_is_link_local",
                                             "overlay_smac_is_dmac",
                                             "egress_vlan_filter",
                                             "uc_reverse_path_forwarding",
                                             "split_horizon",
                                             "locked_port",
                                             "dmac_filter",
                                             "blackhole_nexthop",
                                             "vxlan_parsing",
                                             "llc_snap_parsing",
                                             "vlan_parsing",
                                             "pppoe_ppp_parsing",
                                             "mpls_parsing",
                                             "arp_parsing",
                                             "ip_1_parsing",
                                             "ip_n_parsing",
                                             "gre_parsing",
                                             "udp_parsing",
                                             "tcp_parsing",
                                             "ipsec_parsing",
                                             "sctp_parsing",
                                             "dccp_parsing",
                                             "gtp_parsing",
                                             "esp_parsing",
                                             "unknown_parsing",
                                             "pkt_too_small",
                                             "unhandled_proto",
                                             "ipv6disabled",
                                             "invalid_proto",
                                             "ip_noproto",
                                             "skb_csum",
                                             "skb_ucopy_fault",
                                             "dev_ready",
                                             "dev_hdr",
                                             "dup_frag",
                                             "skb_gso_seg",
                                             "reverse_path_forwarding",
                                             "icmp_parsing",
                                             "tcp_md5notfound",
                                             "tcp_md5unexpected",
                                             "tcp_md5failure",
                                             "tcp_flags",
                                             "tcp_zerowindow",
                                             "tcp_old_data",
                                             "tcp_overwindow",
                                             "tcp_ofomerge",
                                             "tcp_rfc7323_paws",
                                             "tcp_invalid_sequence",
                                             "tcp_reset",
                                             "tcp_invalid_syn",
                                             "tcp_close",
                                             "tcp_fastopen",
                                             "tcp_old_ack",
                                             "tcp_too_old_ack",
                                             "tcp_ack_unsent_data",
                                             "tcp_ofo_queue_prune",
                                             "tcp_ofo_drop",
                                             "tcp_minttl",
                                             "ipv6_bad_exthdr",
                                             "ipv6_ndisc_frag",
                                             "ipv6_ndisc_hop_limit",
                                             "ipv6_ndisc_bad_code",
                                             "ipv6_ndisc_bad_options",
                                             "ipv6_ndisc_ns_otherhost",
                                             "tap_filter",
                                             "tap_txfilter",
                                             "tc_ingress",
                                             "tc_egress",
                                             "xdp",
                                             "cpu_backlog",
                                             "bpf_cgroup_egress",
                                             "xfrm_policy",
                                             "socket_filter"};
static_assert(std::size(kDropReasons) == 371 - kFirstDropReason + 1);

}  // namespace

const std::array<std::string_view, 10> kLaneFields = {
    "lane_index",       "tx_bias_current_ua", "tx_power_uw",     "tx_power_min_uw", "tx_power_max_uw",
    "tx_wavelength_nm", "rx_power_uw",        "rx_power_min_uw", "rx_power_max_uw", "rx_wavelength_nm"};

size_t read_fields(const Layout& layout, ByteView body, Values& values) {
  XdrReader in(body);
  size_t fields = 0;
  while (fields < layout.fields.size()) {
    if (!read_value(in, layout.fields[fields].kind, values[fields])) break;
    ++fields;
  }
  return fields < layout.required ? 0 : fields;
}

bool is_unknown(Kind kind, const Value& value) {
  switch (kind) {
    case Kind::u32:
    case Kind::percent:
      return value.number == UINT32_MAX;
    case Kind::u64:
      return value.number == UINT64_MAX;
    case Kind::real:
      return !(value.real >= 0);
    default:
      return false;
  }
}

bool next_segment(XdrReader& as_path, AsSegment& segment) {
  constexpr uint32_t kAsSet = 1;
  const auto type = as_path.u32();
  const auto numbers = as_path.words();
  if (!type || !numbers) return false;
  segment = {.set = *type == kAsSet, .numbers = *numbers};
  return true;
}

bool next_adapter(XdrReader& adapters, Adapter& adapter) {
  const auto if_index = adapters.u32();
  const auto macs = adapters.elements(kPaddedMacBytes);
  if (!if_index || !macs) return false;
  adapter = {.if_index = *if_index, .macs = *macs};
  return true;
}

std::string_view drop_reason_name(uint32_t reason) {
  if (reason < std::size(kUnreachable)) return std::span(kUnreachable)[reason];
  if (reason < kFirstDropReason || reason - kFirstDropReason >= std::size(kDropReasons)) return {};
  return std::span(kDropReasons)[reason - kFirstDropReason];
}

}  // namespace weir::decode::sflow
