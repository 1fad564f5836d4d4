#include "filter/field_table.h"

#include <array>

namespace weir::filter {
namespace {

constexpr uint64_t kU8 = UINT8_MAX;
constexpr uint64_t kU16 = UINT16_MAX;
constexpr uint64_t kU32 = UINT32_MAX;
constexpr uint64_t kMostMac = (uint64_t{1} << 48) - 1;
constexpr uint64_t kLabel = (1 << 20) - 1;
constexpr FieldKind kNumber = FieldKind::number;
constexpr FieldKind kAddress = FieldKind::address;
constexpr FieldKind kMac = FieldKind::mac;
constexpr FieldKind kText = FieldKind::text;
constexpr FieldKind kAcl = FieldKind::access_list;

constexpr std::string_view kPort = "a port from 0 to 65535 or a name such as https";
constexpr std::string_view kAs = "an AS number from 0 to 4294967295";
constexpr std::string_view kIf = "an interface index from 0 to 4294967295";
constexpr std::string_view kProto = "a protocol number from 0 to 255 or a name such as tcp";
constexpr std::string_view kPackets = "a number of packets";
constexpr std::string_view kBytes = "a number of bytes";
constexpr std::string_view kTos = "a type of service from 0 to 255";

// RFC 7270 section 4.12.
constexpr std::string_view kForwarding =
    "Ukwn=0 Forw=64 Frag=65 Drop=128 DaclD=129 Daclp=130 Noroute=131 Dadj=132 Dfrag=133 Dbadh=134 Dbadtlen=135 "
    "Dbadhlen=136 DbadTTL=137 Dpolicy=138 Dwred=139 Drpf=140 Dforus=141 DbadOf=142 Dhw=143 Term=192 Tadj=193 "
    "TincAdj=194 Tforus=195";
// IANA, NAT Event Type.
constexpr std::string_view kNatEvents =
    "ADD=1 CREATE=1 DELETE=2 EXHAUST=3 ADD44=4 DEL44=5 ADD64=6 DEL64=7 ADD44BIB=8 DEL44BIB=9 ADD64BIB=10 DEL64BIB=11 "
    "PEXHAUST=12 QUOTAEXH=13 ADDADDR=14 DELADDR=15 ADDPBLK=16 DELPBLK=17 THRESHLD=18";
constexpr std::string_view kAsaEvents =
    "ignore=0 create=1 created=1 delete=2 deleted=2 term=2 denied=3 deny=3 alert=4 update=5 updated=5";

constexpr auto kRows = std::to_array<FieldRow>({
    // Addresses; each is said with "ip", "host" or "net".
    {"ip", "src_addr dst_addr", kAddress},
    {"src ip", "src_addr", kAddress},
    {"dst ip", "dst_addr", kAddress},
    {"exporter ip", "sampler_address", kAddress},
    {"next ip", "next_hop", kAddress},
    {"bgp next ip", "bgp_next_hop", kAddress},
    {"nat ip", "post_nat_src_addr post_nat_dst_addr", kAddress},
    {"src nat ip", "post_nat_src_addr", kAddress},
    {"dst nat ip", "post_nat_dst_addr", kAddress},
    {"inner ip", "inner_src_addr inner_dst_addr", kAddress},
    {"inner src ip", "inner_src_addr", kAddress},
    {"inner dst ip", "inner_dst_addr", kAddress},
    // The header around the inner packet, or that of a tunnel that the device itself ends.
    {"tun ip", "tunnel_src_addr tunnel_dst_addr src_addr@inner_src_addr dst_addr@inner_dst_addr", kAddress},
    {"src tun ip", "tunnel_src_addr src_addr@inner_src_addr", kAddress},
    {"dst tun ip", "tunnel_dst_addr dst_addr@inner_dst_addr", kAddress},

    {"port", "src_port dst_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"src port", "src_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"dst port", "dst_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"nat port", "post_nat_src_port post_nat_dst_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"src nat port", "post_nat_src_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"dst nat port", "post_nat_dst_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"inner port", "inner_src_port inner_dst_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"inner src port", "inner_src_port", kNumber, kU16, kPort, Guard::none, Names::services},
    {"inner dst port", "inner_dst_port", kNumber, kU16, kPort, Guard::none, Names::services},

    {"as", "src_as dst_as", kNumber, kU32, kAs},
    {"src as", "src_as", kNumber, kU32, kAs},
    {"dst as", "dst_as", kNumber, kU32, kAs},
    {"next as", "next_hop_as", kNumber, kU32, kAs},
    {"prev as", "src_peer_as", kNumber, kU32, kAs},
    {"if", "in_if out_if", kNumber, kU32, kIf},
    {"in if", "in_if", kNumber, kU32, kIf},
    {"out if", "out_if", kNumber, kU32, kIf},
    {"if name", "in_if_name out_if_name", kText},
    {"in if name", "in_if_name", kText},
    {"out if name", "out_if_name", kText},
    {"mask", "src_net dst_net", kNumber, 128},
    {"src mask", "src_net", kNumber, 128},
    {"dst mask", "dst_net", kNumber, 128},

    {"proto", "proto", kNumber, kU8, kProto, Guard::none, Names::protocols},
    {"inner proto", "inner_proto", kNumber, kU8, kProto, Guard::none, Names::protocols},
    {"tun proto", "proto@inner_proto", kNumber, kU8, kProto, Guard::none, Names::protocols},
    {"packets", "packets", kNumber, UINT64_MAX, kPackets},
    {"bytes", "bytes", kNumber, UINT64_MAX, kBytes},
    {"out packets", "post_packets|reverse_packets", kNumber, UINT64_MAX, kPackets},
    {"out bytes", "post_bytes|reverse_bytes", kNumber, UINT64_MAX, kBytes},
    {"flows", "flow_count:1", kNumber, UINT64_MAX, "a number of flows"},
    {"duration", "*duration", kNumber, INT64_MAX / 1000, "a duration in milliseconds"},
    {"pps", "*pps", kNumber, UINT64_MAX, "a number of packets a second"},
    {"bps", "*bps", kNumber, UINT64_MAX, "a number of bits a second"},
    {"bpp", "*bpp", kNumber, UINT64_MAX, "a number of bytes a packet"},
    {"first seen", "time_flow_start", FieldKind::time},
    {"last seen", "time_flow_end", FieldKind::time},
    {"received", "time_received", FieldKind::time},

    {"tos", "ip_tos", kNumber, kU8, kTos},
    {"dst tos", "post_ip_tos", kNumber, kU8, kTos},
    {"inner tos", "inner_tos", kNumber, kU8, kTos},
    {"ttl", "ip_ttl ip_ttl_max", kNumber, kU8},
    {"min ttl", "ip_ttl", kNumber, kU8},
    {"max ttl", "ip_ttl_max|ip_ttl", kNumber, kU8},
    {"inner ttl", "inner_ttl", kNumber, kU8},
    {"icmp-type", "icmp_type", kNumber, kU8, "an ICMP type from 0 to 255", Guard::icmp},
    {"icmp-code", "icmp_code", kNumber, kU8, "an ICMP code from 0 to 255", Guard::icmp},
    {"flags", "tcp_flags", kNumber, 511, "TCP flags: letters of FSRPAUECX or a number from 0 to 511", Guard::tcp},
    {"vlan", "vlan_id src_vlan dst_vlan", kNumber, kU16},
    {"src vlan", "src_vlan", kNumber, kU16},
    {"dst vlan", "dst_vlan", kNumber, kU16},
    {"inner vlan", "inner_vlan_id", kNumber, kU16},
    {"mac", "src_mac dst_mac post_src_mac post_dst_mac", kMac, kMostMac},
    {"src mac", "src_mac post_src_mac", kMac, kMostMac},
    {"dst mac", "dst_mac post_dst_mac", kMac, kMostMac},
    {"in src mac", "src_mac", kMac, kMostMac},
    {"out src mac", "post_src_mac", kMac, kMostMac},
    {"in dst mac", "dst_mac", kMac, kMostMac},
    {"out dst mac", "post_dst_mac", kMac, kMostMac},
    {"in mac", "src_mac dst_mac", kMac, kMostMac},
    {"out mac", "post_src_mac post_dst_mac", kMac, kMostMac},
    {"inner mac", "inner_src_mac inner_dst_mac", kMac, kMostMac},
    {"ethertype", "etype", kNumber, kU16},
    {"fwdstat", "forwarding_status", kNumber, kU8, {}, Guard::none, Names::listed, kForwarding},
    {"flowdir", "flow_direction", kNumber, kU8, {}, Guard::none, Names::listed, "ingress=0 egress=1"},
    {"mpls label1", "mpls_label_1", kNumber, kLabel},
    {"mpls label2", "mpls_label_2", kNumber, kLabel},
    {"mpls label3", "mpls_label_3", kNumber, kLabel},
    {"mpls label4", "mpls_label_4", kNumber, kLabel},
    {"mpls label5", "mpls_label_5", kNumber, kLabel},
    {"mpls label6", "mpls_label_6", kNumber, kLabel},
    {"mpls label7", "mpls_label_7", kNumber, kLabel},
    {"mpls label8", "mpls_label_8", kNumber, kLabel},
    {"mpls label9", "mpls_label_9", kNumber, kLabel},
    {"mpls label10", "mpls_label_10", kNumber, kLabel},
    {"mpls any",
     "mpls_label_1 mpls_label_2 mpls_label_3 mpls_label_4 mpls_label_5 mpls_label_6 mpls_label_7 mpls_label_8 "
     "mpls_label_9 mpls_label_10",
     kNumber, kLabel},

    {"engine-type", "observation_domain_id>>", kNumber, kU8},
    {"engine-id", "observation_domain_id&", kNumber, kU8},
    {"observation domain id", "observation_domain_id", kNumber, kU32},
    {"observation point id", "observation_point_id", kNumber, UINT64_MAX},
    {"ingress vrf", "ingress_vrf_id", kNumber, kU32},
    {"egress vrf", "egress_vrf_id", kNumber, kU32},
    {"nat event", "nat_event", kNumber, kU8, {}, Guard::none, Names::listed, kNatEvents},
    {"nat pblock start", "port_block_start", kNumber, kU16},
    {"nat pblock end", "port_block_end", kNumber, kU16},
    {"nat pblock step", "port_block_step", kNumber, kU16},
    {"nat pblock size", "port_block_size", kNumber, kU16},
    {"asa event", "firewall_event", kNumber, kU8, {}, Guard::none, Names::listed, kAsaEvents},
    {"asa xevent", "firewall_ext_event", kNumber, kU16},
    {"asa user", "user_name", kText},
    {"ingress acl", "ingress_acl", kAcl, kU32},
    {"egress acl", "egress_acl", kAcl, kU32},
});

// nfdump 1.7.0 to 1.7.1 first, then later ones, then what people try.
constexpr auto kAliases = std::to_array<FieldAlias>({
    {"router ip", "exporter ip"},
    {"exporter", "exporter ip"},
    {"bgpnext ip", "bgp next ip"},
    {"xip", "nat ip"},
    {"src xip", "src nat ip"},
    {"dst xip", "dst nat ip"},
    {"nip", "nat ip"},
    {"src nip", "src nat ip"},
    {"dst nip", "dst nat ip"},
    {"xport", "nat port"},
    {"src xport", "src nat port"},
    {"dst xport", "dst nat port"},
    {"nport", "nat port"},
    {"src nport", "src nat port"},
    {"dst nport", "dst nat port"},
    {"tunip", "tun ip"},
    {"src tunip", "src tun ip"},
    {"dst tunip", "dst tun ip"},
    {"pblock start", "nat pblock start"},
    {"pblock end", "nat pblock end"},
    {"pblock step", "nat pblock step"},
    {"pblock size", "nat pblock size"},
    {"ingress ace", "ingress acl"},
    {"ingress xace", "ingress acl"},
    {"egress ace", "egress acl"},
    {"egress xace", "egress acl"},
    {"flow", "flows"},
    {"src tos", "tos"},
    {"icmp type", "icmp-type"},
    {"icmp code", "icmp-code"},
    {"engine type", "engine-type"},
    {"engine id", "engine-id"},
    {"xlate ip", "nat ip"},
    {"src xlate ip", "src nat ip"},
    {"dst xlate ip", "dst nat ip"},
    {"xlate port", "nat port"},
    {"src xlate port", "src nat port"},
    {"dst xlate port", "dst nat port"},
    {"in packets", "packets"},
    {"in bytes", "bytes"},
    {"minttl", "min ttl"},
    {"maxttl", "max ttl"},
    {"odid", "observation domain id"},
    {"opid", "observation point id"},
    {"srcip", "src ip"},
    {"dstip", "dst ip"},
    {"srcport", "src port"},
    {"dstport", "dst port"},
});

constexpr std::string_view kAskExporter = "ask with 'exporter ip' or 'observation domain id'";
constexpr std::string_view kNumbersOfNfdump = "in nfdump a number that it gives each record itself";
constexpr std::string_view kNoGeo = "flows here have no countries";
constexpr std::string_view kNoPayload =
    "flows here have no payload; what probes tell of it is in http_host, url, application_name";
constexpr std::string_view kNoLatency = "flows here have no latencies";
constexpr std::string_view kNoPf = "flows here have no fields of OpenBSD's pf";
constexpr std::string_view kNoExp = "of MPLS entries flows here have the labels only";

constexpr auto kNoData = std::to_array<NoData>({
    {"ident", "in nfdump the name of a source that the collector was given; ask with 'exporter ip'"},
    {"count", kNumbersOfNfdump},
    {"sysid", "in nfdump a number that it gives exporters itself; ask with 'exporter ip' or 'observation domain id'"},
    {"exporter id", kAskExporter},
    {"exporter sysid", kAskExporter},
    {"geo", kNoGeo},
    {"src geo", kNoGeo},
    {"dst geo", kNoGeo},
    {"tz", kNoGeo},
    {"src tz", kNoGeo},
    {"dst tz", kNoGeo},
    {"ip tor", "flows here do not tell exit nodes of Tor"},
    {"src ip tor", "flows here do not tell exit nodes of Tor"},
    {"dst ip tor", "flows here do not tell exit nodes of Tor"},
    {"if description", "flows here have the names of interfaces, not their descriptions; ask with 'if name'"},
    {"in if description", "flows here have the names of interfaces, not their descriptions; ask with 'in if name'"},
    {"out if description", "flows here have the names of interfaces, not their descriptions; ask with 'out if name'"},
    {"client latency", kNoLatency},
    {"server latency", kNoLatency},
    {"application latency", kNoLatency},
    {"mpls eos", kNoExp},
    {"mpls exp1", kNoExp},
    {"mpls exp2", kNoExp},
    {"mpls exp3", kNoExp},
    {"mpls exp4", kNoExp},
    {"mpls exp5", kNoExp},
    {"mpls exp6", kNoExp},
    {"mpls exp7", kNoExp},
    {"mpls exp8", kNoExp},
    {"mpls exp9", kNoExp},
    {"mpls exp10", kNoExp},
    {"payload", kNoPayload},
    {"in payload", kNoPayload},
    {"out payload", kNoPayload},
    {"pf action", kNoPf},
    {"pf reason", kNoPf},
    {"pf dir", kNoPf},
    {"pf interface", kNoPf},
    {"pf rule", kNoPf},
});

}  // namespace

std::span<const FieldRow> field_rows() { return kRows; }
std::span<const FieldAlias> field_aliases() { return kAliases; }
std::span<const NoData> fields_without_data() { return kNoData; }

}  // namespace weir::filter
