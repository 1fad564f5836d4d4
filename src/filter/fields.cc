#include "query/filter_terms.h"

#include <array>
#include <charconv>

#include "query/filter_lexer.h"

namespace weir::query {
namespace {

constexpr uint64_t kU8 = UINT8_MAX;
constexpr uint64_t kU16 = UINT16_MAX;
constexpr uint64_t kU32 = UINT32_MAX;
constexpr uint64_t kLabel = (1 << 20) - 1;

// RFC 7270 section 4.12.
constexpr std::string_view kForwarding =
    "Ukwn=0 Forw=64 Frag=65 Drop=128 DaclD=129 Daclp=130 Noroute=131 Dadj=132 Dfrag=133 Dbadh=134 Dbadtlen=135 "
    "Dbadhlen=136 DbadTTL=137 Dpolicy=138 Dwred=139 Drpf=140 Dforus=141 DbadOf=142 Dhw=143 Term=192 Tadj=193 "
    "TincAdj=194 Tforus=195";
// IANA, NAT Event Type.
constexpr std::string_view kNatEvents =
    "ADD=1 DELETE=2 EXHAUST=3 ADD44=4 DEL44=5 ADD64=6 DEL64=7 ADD44BIB=8 DEL44BIB=9 ADD64BIB=10 DEL64BIB=11 "
    "PEXHAUST=12 QUOTAEXH=13 ADDADDR=14 DELADDR=15 ADDPBLK=16 DELPBLK=17 THRESHLD=18";

constexpr auto kTerms = std::to_array<Term>({
    {"vlan", "vlan_id src_vlan dst_vlan", TermKind::number, kU16},
    {"src vlan", "src_vlan", TermKind::number, kU16},
    {"dst vlan", "dst_vlan", TermKind::number, kU16},
    {"inner vlan", "inner_vlan_id", TermKind::number, kU16},
    {"mac", "src_mac dst_mac post_src_mac post_dst_mac", TermKind::mac},
    {"src mac", "src_mac post_src_mac", TermKind::mac},
    {"dst mac", "dst_mac post_dst_mac", TermKind::mac},
    {"in src mac", "src_mac", TermKind::mac},
    {"out src mac", "post_src_mac", TermKind::mac},
    {"in dst mac", "dst_mac", TermKind::mac},
    {"out dst mac", "post_dst_mac", TermKind::mac},
    {"in mac", "src_mac dst_mac", TermKind::mac},
    {"out mac", "post_src_mac post_dst_mac", TermKind::mac},
    {"inner mac", "inner_src_mac inner_dst_mac", TermKind::mac},
    {"mask", "src_net dst_net", TermKind::number, 128},
    {"src mask", "src_net", TermKind::number, 128},
    {"dst mask", "dst_net", TermKind::number, 128},
    {"next as", "next_hop_as", TermKind::number, kU32},
    {"prev as", "src_peer_as", TermKind::number, kU32},
    {"ttl", "ip_ttl", TermKind::number, kU8},
    {"inner ttl", "inner_ttl", TermKind::number, kU8},
    {"inner tos", "inner_tos", TermKind::number, kU8},
    {"ethertype", "etype", TermKind::number, kU16},
    {"fwdstat", "forwarding_status", TermKind::number, kU8, kForwarding},
    {"flowdir", "flow_direction", TermKind::number, kU8, "ingress=0 egress=1"},
    {"mpls label1", "mpls_label_1", TermKind::number, kLabel},
    {"mpls label2", "mpls_label_2", TermKind::number, kLabel},
    {"mpls label3", "mpls_label_3", TermKind::number, kLabel},
    {"mpls label4", "mpls_label_4", TermKind::number, kLabel},
    {"mpls label5", "mpls_label_5", TermKind::number, kLabel},
    {"mpls label6", "mpls_label_6", TermKind::number, kLabel},
    {"mpls label7", "mpls_label_7", TermKind::number, kLabel},
    {"mpls label8", "mpls_label_8", TermKind::number, kLabel},
    {"mpls label9", "mpls_label_9", TermKind::number, kLabel},
    {"mpls label10", "mpls_label_10", TermKind::number, kLabel},
    {"mpls any",
     "mpls_label_1 mpls_label_2 mpls_label_3 mpls_label_4 mpls_label_5 mpls_label_6 mpls_label_7 mpls_label_8 "
     "mpls_label_9 mpls_label_10",
     TermKind::number, kLabel},
    {"inner port", "inner_src_port inner_dst_port", TermKind::number, kU16},
    {"inner src port", "inner_src_port", TermKind::number, kU16},
    {"inner dst port", "inner_dst_port", TermKind::number, kU16},
    {"nat port", "post_nat_src_port post_nat_dst_port", TermKind::number, kU16},
    {"src nat port", "post_nat_src_port", TermKind::number, kU16},
    {"dst nat port", "post_nat_dst_port", TermKind::number, kU16},
    {"nat event", "nat_event", TermKind::number, kU8, kNatEvents},
    {"nat pblock start", "port_block_start", TermKind::number, kU16},
    {"nat pblock end", "port_block_end", TermKind::number, kU16},
    {"nat pblock step", "port_block_step", TermKind::number, kU16},
    {"nat pblock size", "port_block_size", TermKind::number, kU16},
    {"asa event", "firewall_event", TermKind::number, kU8, "ignore=0 create=1 delete=2 denied=3 alert=4 update=5"},
    {"asa xevent", "firewall_ext_event", TermKind::number, kU16},
    {"asa user", "user_name", TermKind::text},
    {"ingress acl", "ingress_acl", TermKind::part},
    {"egress acl", "egress_acl", TermKind::part},
    {"ingress vrf", "ingress_vrf_id", TermKind::number, kU32},
    {"egress vrf", "egress_vrf_id", TermKind::number, kU32},
    {"observation domain id", "observation_domain_id", TermKind::number, kU32},
    {"observation point id", "observation_point_id", TermKind::number, UINT64_MAX},
});

}  // namespace

std::span<const Term> filter_terms() { return kTerms; }

std::optional<uint64_t> named_value(const Term& term, std::string_view name) {
  std::string_view rest = term.names;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    const size_t equals = entry.find('=');
    if (!equals_ignoring_case(entry.substr(0, equals), name)) continue;
    uint64_t value = 0;
    std::from_chars(entry.data() + equals + 1, entry.data() + entry.size(), value);
    return value;
  }
  return std::nullopt;
}

}  // namespace weir::query
