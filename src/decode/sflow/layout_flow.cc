// Flow records: what a sampled packet was, and what the device knew about its way.
#include <algorithm>
#include <iterator>

#include "decode/sflow/layout.h"

namespace weir::decode::sflow {
namespace {

using enum Kind;
using flow::Column;

constexpr Field kRawHeader[] = {{"header_protocol", u32}, {"frame_length", u32}, {"stripped", u32}, {"header", bytes}};
constexpr Field kEthernet[] = {{"length", u32}, {"src_mac", mac}, {"dst_mac", mac}, {"type", u32}};
constexpr Field kIpv4[] = {{"length", u32},   {"protocol", u32}, {"src_ip", ipv4},   {"dst_ip", ipv4},
                           {"src_port", u32}, {"dst_port", u32}, {"tcp_flags", u32}, {"tos", u32}};
constexpr Field kIpv6[] = {{"length", u32},   {"protocol", u32}, {"src_ip", ipv6},   {"dst_ip", ipv6},
                           {"src_port", u32}, {"dst_port", u32}, {"tcp_flags", u32}, {"priority", u32}};
constexpr Field kExtendedSwitch[] = {{"src_vlan", u32, Column::src_vlan},
                                     {"src_priority", u32, Column::vlan_priority},
                                     {"dst_vlan", u32, Column::dst_vlan},
                                     {"dst_priority", u32, Column::dst_vlan_priority}};
constexpr Field kExtendedRouter[] = {{"next_hop", address, Column::next_hop},
                                     {"src_mask_len", u32, Column::src_net},
                                     {"dst_mask_len", u32, Column::dst_net}};
constexpr Field kExtendedGateway[] = {
    {"next_hop", address, Column::bgp_next_hop}, {"as", u32, Column::router_as}, {"src_as", u32, Column::src_as},
    {"src_peer_as", u32, Column::src_peer_as},   {"dst_as_path", as_path},       {"communities", communities},
    {"local_pref", u32, Column::bgp_local_pref}};
constexpr Field kExtendedUser[] = {{"src_charset", u32},
                                   {"src_user", text, Column::user_name},
                                   {"dst_charset", u32},
                                   {"dst_user", text, Column::dst_user_name}};
constexpr Field kExtendedUrl[] = {
    {"direction", u32, Column::url_direction}, {"url", text, Column::url}, {"host", text, Column::http_host}};
constexpr Field kExtendedMpls[] = {
    {"next_hop", address, Column::mpls_top_label_addr}, {"in_stack", labels}, {"out_stack", labels}};
constexpr Field kExtendedNat[] = {{"src_address", address, Column::post_nat_src_addr},
                                  {"dst_address", address, Column::post_nat_dst_addr}};
constexpr Field kExtendedMplsTunnel[] = {{"tunnel_lsp_name", text, Column::mpls_tunnel_name},
                                         {"tunnel_id", u32, Column::mpls_tunnel_id},
                                         {"tunnel_cos", u32}};
constexpr Field kExtendedMplsVc[] = {
    {"vc_instance_name", text, Column::mpls_vc_name}, {"vll_vc_id", u32, Column::mpls_vc_id}, {"vc_label_cos", u32}};
constexpr Field kExtendedMplsFtn[] = {{"mpls_ftn_descr", text, Column::mpls_ftn}, {"mpls_ftn_mask", u32}};
constexpr Field kExtendedMplsLdpFec[] = {{"mpls_fec_addr_prefix_length", u32}};
constexpr Field kExtendedVlanTunnel[] = {{"stack", tags}};
constexpr Field kExtended80211Payload[] = {{"cipher_suite", u32}, {"data", bytes}};
constexpr Field kExtended80211Rx[] = {{"ssid", text, Column::wlan_ssid},
                                      {"bssid", mac, Column::wtp_mac},
                                      {"version", u32},
                                      {"channel", u32, Column::wlan_channel},
                                      {"speed", u64},
                                      {"rsni", u32},
                                      {"rcpi", u32},
                                      {"packet_duration_us", u32}};
constexpr Field kExtended80211Tx[] = {{"ssid", text, Column::wlan_ssid},
                                      {"bssid", mac, Column::wtp_mac},
                                      {"version", u32},
                                      {"transmissions", u32},
                                      {"packet_duration_us", u32},
                                      {"retrans_duration_us", u32},
                                      {"channel", u32, Column::wlan_channel},
                                      {"speed", u64},
                                      {"power_mw", u32}};
constexpr Field kExtendedFc[] = {{"src_mask_len", u32}, {"dst_mask_len", u32}, {"next_hop", u32}, {"metric", u32}};
constexpr Field kExtendedQueueLength[] = {{"queue_index", u32}, {"queue_length", u32}};
constexpr Field kExtendedNatPort[] = {{"src_port", u32, Column::post_nat_src_port},
                                      {"dst_port", u32, Column::post_nat_dst_port}};
constexpr Field kExtendedL2TunnelEgress[] = {{"length", u32}, {"src_mac", mac}, {"dst_mac", mac}, {"type", u32}};
constexpr Field kExtendedDecapsulateEgress[] = {{"inner_header_offset", u32}};
constexpr Field kExtendedVniEgress[] = {{"vni", u32, Column::tunnel_id}};
constexpr Field kExtendedEgressQueue[] = {{"queue", u32}};
constexpr Field kExtendedAcl[] = {{"number", u32}, {"name", text}, {"direction", u32}};
constexpr Field kExtendedFunction[] = {{"symbol", text}};
constexpr Field kExtendedTransit[] = {{"delay_ns", u32}};
constexpr Field kExtendedQueue[] = {{"depth_bytes", u32}};
constexpr Field kExtendedHwTrap[] = {{"group", text}, {"trap", text}};
constexpr Field kExtendedLinuxDropReason[] = {{"reason", text}};
constexpr Field kExtendedSocketIpv4[] = {
    {"protocol", u32}, {"local_ip", ipv4}, {"remote_ip", ipv4}, {"local_port", u32}, {"remote_port", u32}};
constexpr Field kExtendedSocketIpv6[] = {
    {"protocol", u32}, {"local_ip", ipv6}, {"remote_ip", ipv6}, {"local_port", u32}, {"remote_port", u32}};
constexpr Field kMemcacheOperation[] = {{"protocol", u32},    {"command", u32},     {"key", text},  {"nkeys", u32},
                                        {"value_bytes", u32}, {"duration_us", u32}, {"status", u32}};
constexpr Field kHttpRequestV1[] = {{"method", u32},
                                    {"protocol", u32},
                                    {"uri", text, Column::url},
                                    {"host", text, Column::http_host},
                                    {"referer", text},
                                    {"user_agent", text, Column::http_user_agent},
                                    {"auth_user", text, Column::user_name},
                                    {"mime_type", text},
                                    {"bytes", u64},
                                    {"duration_us", u32},
                                    {"status", u32, Column::http_status}};
constexpr Field kAppOperation[] = {{"application", text, Column::application_name},
                                   {"operation", text},
                                   {"attributes", text},
                                   {"status_descr", text},
                                   {"req_bytes", u64},
                                   {"resp_bytes", u64},
                                   {"duration_us", u32},
                                   {"status", u32}};
constexpr Field kAppParentContext[] = {{"application", text}, {"operation", text}, {"attributes", text}};
constexpr Field kAppInitiator[] = {{"actor", text}};
constexpr Field kHttpRequest[] = {{"method", u32},
                                  {"protocol", u32},
                                  {"uri", text, Column::url},
                                  {"host", text, Column::http_host},
                                  {"referer", text},
                                  {"user_agent", text, Column::http_user_agent},
                                  {"xff", text},
                                  {"auth_user", text, Column::user_name},
                                  {"mime_type", text},
                                  {"req_bytes", u64},
                                  {"resp_bytes", u64},
                                  {"duration_us", u32},
                                  {"status", u32, Column::http_status}};
constexpr Field kExtendedTcpInfo[] = {{"direction", u32},  {"snd_mss", u32},  {"rcv_mss", u32},    {"unacked", u32},
                                      {"lost", u32},       {"retrans", u32},  {"pmtu", u32},       {"rtt_us", u32},
                                      {"rtt_var_us", u32}, {"snd_cwnd", u32}, {"reordering", u32}, {"min_rtt_us", u32}};
constexpr Field kExtendedEntities[] = {
    {"src_ds_class", u32}, {"src_ds_index", u32}, {"dst_ds_class", u32}, {"dst_ds_index", u32}};

// In order of their formats.
constexpr Layout kLayouts[] = {
    {format_of(0, 1), "raw_header", kRawHeader, std::size(kRawHeader)},
    {format_of(0, 2), "ethernet", kEthernet, std::size(kEthernet)},
    {format_of(0, 3), "ipv4", kIpv4, std::size(kIpv4)},
    {format_of(0, 4), "ipv6", kIpv6, std::size(kIpv6)},
    {format_of(0, 1001), "extended_switch", kExtendedSwitch, std::size(kExtendedSwitch)},
    {format_of(0, 1002), "extended_router", kExtendedRouter, std::size(kExtendedRouter)},
    {format_of(0, 1003), "extended_gateway", kExtendedGateway, std::size(kExtendedGateway)},
    {format_of(0, 1004), "extended_user", kExtendedUser, std::size(kExtendedUser)},
    {format_of(0, 1005), "extended_url", kExtendedUrl, std::size(kExtendedUrl)},
    {format_of(0, 1006), "extended_mpls", kExtendedMpls, std::size(kExtendedMpls)},
    {format_of(0, 1007), "extended_nat", kExtendedNat, std::size(kExtendedNat)},
    {format_of(0, 1008), "extended_mpls_tunnel", kExtendedMplsTunnel, std::size(kExtendedMplsTunnel)},
    {format_of(0, 1009), "extended_mpls_vc", kExtendedMplsVc, std::size(kExtendedMplsVc)},
    {format_of(0, 1010), "extended_mpls_ftn", kExtendedMplsFtn, std::size(kExtendedMplsFtn)},
    {format_of(0, 1011), "extended_mpls_ldp_fec", kExtendedMplsLdpFec, std::size(kExtendedMplsLdpFec)},
    {format_of(0, 1012), "extended_vlan_tunnel", kExtendedVlanTunnel, std::size(kExtendedVlanTunnel)},
    {format_of(0, 1013), "extended_80211_payload", kExtended80211Payload, std::size(kExtended80211Payload)},
    {format_of(0, 1014), "extended_80211_rx", kExtended80211Rx, std::size(kExtended80211Rx)},
    {format_of(0, 1015), "extended_80211_tx", kExtended80211Tx, std::size(kExtended80211Tx)},
    {format_of(0, 1018), "extended_fc", kExtendedFc, std::size(kExtendedFc)},
    {format_of(0, 1019), "extended_queue_length", kExtendedQueueLength, std::size(kExtendedQueueLength)},
    {format_of(0, 1020), "extended_nat_port", kExtendedNatPort, std::size(kExtendedNatPort)},
    {format_of(0, 1021), "extended_l2_tunnel_egress", kExtendedL2TunnelEgress, std::size(kExtendedL2TunnelEgress)},
    {format_of(0, 1022), "extended_l2_tunnel_ingress", kExtendedL2TunnelEgress, std::size(kExtendedL2TunnelEgress)},
    {format_of(0, 1023), "extended_ipv4_tunnel_egress", kIpv4, std::size(kIpv4)},
    {format_of(0, 1024), "extended_ipv4_tunnel_ingress", kIpv4, std::size(kIpv4)},
    {format_of(0, 1025), "extended_ipv6_tunnel_egress", kIpv6, std::size(kIpv6)},
    {format_of(0, 1026), "extended_ipv6_tunnel_ingress", kIpv6, std::size(kIpv6)},
    {format_of(0, 1027), "extended_decapsulate_egress", kExtendedDecapsulateEgress,
     std::size(kExtendedDecapsulateEgress)},
    {format_of(0, 1028), "extended_decapsulate_ingress", kExtendedDecapsulateEgress,
     std::size(kExtendedDecapsulateEgress)},
    {format_of(0, 1029), "extended_vni_egress", kExtendedVniEgress, std::size(kExtendedVniEgress)},
    {format_of(0, 1030), "extended_vni_ingress", kExtendedVniEgress, std::size(kExtendedVniEgress)},
    {format_of(0, 1034), "extended_vlan_in", kExtendedVlanTunnel, std::size(kExtendedVlanTunnel)},
    {format_of(0, 1035), "extended_vlan_out", kExtendedVlanTunnel, std::size(kExtendedVlanTunnel)},
    {format_of(0, 1036), "extended_egress_queue", kExtendedEgressQueue, std::size(kExtendedEgressQueue)},
    {format_of(0, 1037), "extended_acl", kExtendedAcl, std::size(kExtendedAcl)},
    {format_of(0, 1038), "extended_function", kExtendedFunction, std::size(kExtendedFunction)},
    {format_of(0, 1039), "extended_transit", kExtendedTransit, std::size(kExtendedTransit)},
    {format_of(0, 1040), "extended_queue", kExtendedQueue, std::size(kExtendedQueue)},
    {format_of(0, 1041), "extended_hw_trap", kExtendedHwTrap, std::size(kExtendedHwTrap)},
    {format_of(0, 1042), "extended_linux_drop_reason", kExtendedLinuxDropReason, std::size(kExtendedLinuxDropReason)},
    {format_of(0, 2100), "extended_socket_ipv4", kExtendedSocketIpv4, std::size(kExtendedSocketIpv4)},
    {format_of(0, 2101), "extended_socket_ipv6", kExtendedSocketIpv6, std::size(kExtendedSocketIpv6)},
    {format_of(0, 2102), "extended_proxy_socket_ipv4", kExtendedSocketIpv4, std::size(kExtendedSocketIpv4)},
    {format_of(0, 2103), "extended_proxy_socket_ipv6", kExtendedSocketIpv6, std::size(kExtendedSocketIpv6)},
    {format_of(0, 2200), "memcache_operation", kMemcacheOperation, std::size(kMemcacheOperation)},
    {format_of(0, 2201), "http_request_v1", kHttpRequestV1, std::size(kHttpRequestV1)},
    {format_of(0, 2202), "app_operation", kAppOperation, std::size(kAppOperation)},
    {format_of(0, 2203), "app_parent_context", kAppParentContext, std::size(kAppParentContext)},
    {format_of(0, 2204), "app_initiator", kAppInitiator, std::size(kAppInitiator)},
    {format_of(0, 2205), "app_target", kAppInitiator, std::size(kAppInitiator)},
    {format_of(0, 2206), "http_request", kHttpRequest, std::size(kHttpRequest)},
    {format_of(0, 2209), "extended_tcp_info", kExtendedTcpInfo, std::size(kExtendedTcpInfo)},
    {format_of(0, 2210), "extended_entities", kExtendedEntities, std::size(kExtendedEntities)},
};
static_assert(std::ranges::is_sorted(kLayouts, {}, &Layout::format));
static_assert(std::ranges::all_of(kLayouts, [](const Layout& layout) { return layout.fields.size() <= kMaxFields; }));

}  // namespace

const Layout* flow_layout(uint32_t format) {
  const auto found = std::ranges::lower_bound(kLayouts, format, {}, &Layout::format);
  return found != std::end(kLayouts) && found->format == format ? found : nullptr;
}

}  // namespace weir::decode::sflow
