// Counter records: what a device, a host or an application counts.
#include <algorithm>
#include <iterator>

#include "decode/sflow/layout.h"

namespace weir::decode::sflow {
namespace {

using enum Kind;

constexpr Field kGenericInterface[] = {{"if_index", u32},
                                       {"if_type", u32},
                                       {"if_speed", u64},
                                       {"if_direction", u32},
                                       {"if_status", u32},
                                       {"if_in_octets", u64},
                                       {"if_in_ucast_pkts", u32},
                                       {"if_in_multicast_pkts", u32},
                                       {"if_in_broadcast_pkts", u32},
                                       {"if_in_discards", u32},
                                       {"if_in_errors", u32},
                                       {"if_in_unknown_protos", u32},
                                       {"if_out_octets", u64},
                                       {"if_out_ucast_pkts", u32},
                                       {"if_out_multicast_pkts", u32},
                                       {"if_out_broadcast_pkts", u32},
                                       {"if_out_discards", u32},
                                       {"if_out_errors", u32},
                                       {"if_promiscuous_mode", u32}};
constexpr Field kEthernetInterface[] = {{"dot3_stats_alignment_errors", u32},
                                        {"dot3_stats_fcs_errors", u32},
                                        {"dot3_stats_single_collision_frames", u32},
                                        {"dot3_stats_multiple_collision_frames", u32},
                                        {"dot3_stats_sqe_test_errors", u32},
                                        {"dot3_stats_deferred_transmissions", u32},
                                        {"dot3_stats_late_collisions", u32},
                                        {"dot3_stats_excessive_collisions", u32},
                                        {"dot3_stats_internal_mac_transmit_errors", u32},
                                        {"dot3_stats_carrier_sense_errors", u32},
                                        {"dot3_stats_frame_too_longs", u32},
                                        {"dot3_stats_internal_mac_receive_errors", u32},
                                        {"dot3_stats_symbol_errors", u32}};
constexpr Field kTokenRing[] = {{"dot5_stats_line_errors", u32},
                                {"dot5_stats_burst_errors", u32},
                                {"dot5_stats_ac_errors", u32},
                                {"dot5_stats_abort_trans_errors", u32},
                                {"dot5_stats_internal_errors", u32},
                                {"dot5_stats_lost_frame_errors", u32},
                                {"dot5_stats_receive_congestions", u32},
                                {"dot5_stats_frame_copied_errors", u32},
                                {"dot5_stats_token_errors", u32},
                                {"dot5_stats_soft_errors", u32},
                                {"dot5_stats_hard_errors", u32},
                                {"dot5_stats_signal_loss", u32},
                                {"dot5_stats_transmit_beacons", u32},
                                {"dot5_stats_recoverys", u32},
                                {"dot5_stats_lobe_wires", u32},
                                {"dot5_stats_removes", u32},
                                {"dot5_stats_singles", u32},
                                {"dot5_stats_freq_errors", u32}};
constexpr Field kVgInterface[] = {{"dot12_in_high_priority_frames", u32},
                                  {"dot12_in_high_priority_octets", u64},
                                  {"dot12_in_norm_priority_frames", u32},
                                  {"dot12_in_norm_priority_octets", u64},
                                  {"dot12_in_ipm_errors", u32},
                                  {"dot12_in_oversize_frame_errors", u32},
                                  {"dot12_in_data_errors", u32},
                                  {"dot12_in_null_addressed_frames", u32},
                                  {"dot12_out_high_priority_frames", u32},
                                  {"dot12_out_high_priority_octets", u64},
                                  {"dot12_transition_into_trainings", u32},
                                  {"dot12_hc_in_high_priority_octets", u64},
                                  {"dot12_hc_in_norm_priority_octets", u64},
                                  {"dot12_hc_out_high_priority_octets", u64}};
constexpr Field kVlan[] = {{"vlan_id", u32},        {"octets", u64},         {"ucast_pkts", u32},
                           {"multicast_pkts", u32}, {"broadcast_pkts", u32}, {"discards", u32}};
constexpr Field kIeee80211[] = {{"dot11_transmitted_fragment_count", u32},
                                {"dot11_multicast_transmitted_frame_count", u32},
                                {"dot11_failed_count", u32},
                                {"dot11_retry_count", u32},
                                {"dot11_multiple_retry_count", u32},
                                {"dot11_frame_duplicate_count", u32},
                                {"dot11_rts_success_count", u32},
                                {"dot11_rts_failure_count", u32},
                                {"dot11_ack_failure_count", u32},
                                {"dot11_received_fragment_count", u32},
                                {"dot11_multicast_received_frame_count", u32},
                                {"dot11_fcs_error_count", u32},
                                {"dot11_transmitted_frame_count", u32},
                                {"dot11_wep_undecryptable_count", u32},
                                {"dot11_qos_discarded_fragment_count", u32},
                                {"dot11_associated_station_count", u32},
                                {"dot11_qos_cf_polls_received_count", u32},
                                {"dot11_qos_cf_polls_unused_count", u32},
                                {"dot11_qos_cf_polls_unusable_count", u32},
                                {"dot11_qos_cf_polls_lost_count", u32}};
constexpr Field kLagPort[] = {{"actor_system_id", mac},
                              {"partner_system_id", mac},
                              {"attached_agg_id", u32},
                              {"port_state", u32},
                              {"lacpdus_rx", u32},
                              {"marker_pdus_rx", u32},
                              {"marker_response_pdus_rx", u32},
                              {"unknown_rx", u32},
                              {"illegal_rx", u32},
                              {"lacpdus_tx", u32},
                              {"marker_pdus_tx", u32},
                              {"marker_response_pdus_tx", u32}};
constexpr Field kOpticalModule[] = {{"module_id", u32},
                                    {"module_total_lanes", u32},
                                    {"module_supply_voltage_mv", u32},
                                    {"module_temperature_mc", i32},
                                    {"lanes", lanes}};
constexpr Field kProcessor[] = {
    {"cpu_5s", percent}, {"cpu_1m", percent}, {"cpu_5m", percent}, {"total_memory", u64}, {"free_memory", u64}};
constexpr Field kRadioUtilization[] = {{"elapsed_time", u32}, {"on_channel_time", u32}, {"on_channel_busy_time", u32}};
constexpr Field kOpenflowPort[] = {{"datapath_id", u64}, {"port_no", u32}};
constexpr Field kPortName[] = {{"name", text}};
constexpr Field kHostDescr[] = {
    {"hostname", text}, {"uuid", uuid}, {"machine_type", u32}, {"os_name", u32}, {"os_release", text}};
constexpr Field kHostAdapters[] = {{"adapters", adapters}};
constexpr Field kHostParent[] = {{"container_type", u32}, {"container_index", u32}};
constexpr Field kHostCpu[] = {
    {"load_one", real},  {"load_five", real}, {"load_fifteen", real}, {"proc_run", u32},  {"proc_total", u32},
    {"cpu_num", u32},    {"cpu_speed", u32},  {"uptime", u32},        {"cpu_user", u32},  {"cpu_nice", u32},
    {"cpu_system", u32}, {"cpu_idle", u32},   {"cpu_wio", u32},       {"cpu_intr", u32},  {"cpu_sintr", u32},
    {"interrupts", u32}, {"contexts", u32},   {"cpu_steal", u32},     {"cpu_guest", u32}, {"cpu_guest_nice", u32}};
constexpr Field kHostMemory[] = {{"mem_total", u64},  {"mem_free", u64},   {"mem_shared", u64}, {"mem_buffers", u64},
                                 {"mem_cached", u64}, {"swap_total", u64}, {"swap_free", u64},  {"page_in", u32},
                                 {"page_out", u32},   {"swap_in", u32},    {"swap_out", u32}};
constexpr Field kHostDiskIo[] = {{"disk_total", u64}, {"disk_free", u64},     {"part_max_used", percent},
                                 {"reads", u32},      {"bytes_read", u64},    {"read_time", u32},
                                 {"writes", u32},     {"bytes_written", u64}, {"write_time", u32}};
constexpr Field kHostNetIo[] = {{"bytes_in", u64},  {"pkts_in", u32},  {"errs_in", u32},  {"drops_in", u32},
                                {"bytes_out", u64}, {"pkts_out", u32}, {"errs_out", u32}, {"drops_out", u32}};
constexpr Field kMib2Ip[] = {
    {"ip_forwarding", u32},     {"ip_default_ttl", u32},    {"ip_in_receives", u32},       {"ip_in_hdr_errors", u32},
    {"ip_in_addr_errors", u32}, {"ip_forw_datagrams", u32}, {"ip_in_unknown_protos", u32}, {"ip_in_discards", u32},
    {"ip_in_delivers", u32},    {"ip_out_requests", u32},   {"ip_out_discards", u32},      {"ip_out_no_routes", u32},
    {"ip_reasm_timeout", u32},  {"ip_reasm_reqds", u32},    {"ip_reasm_oks", u32},         {"ip_reasm_fails", u32},
    {"ip_frag_oks", u32},       {"ip_frag_fails", u32},     {"ip_frag_creates", u32}};
constexpr Field kMib2Icmp[] = {
    {"icmp_in_msgs", u32},           {"icmp_in_errors", u32},          {"icmp_in_dest_unreachs", u32},
    {"icmp_in_time_excds", u32},     {"icmp_in_param_probs", u32},     {"icmp_in_src_quenchs", u32},
    {"icmp_in_redirects", u32},      {"icmp_in_echos", u32},           {"icmp_in_echo_reps", u32},
    {"icmp_in_timestamps", u32},     {"icmp_in_addr_masks", u32},      {"icmp_in_addr_mask_reps", u32},
    {"icmp_out_msgs", u32},          {"icmp_out_errors", u32},         {"icmp_out_dest_unreachs", u32},
    {"icmp_out_time_excds", u32},    {"icmp_out_param_probs", u32},    {"icmp_out_src_quenchs", u32},
    {"icmp_out_redirects", u32},     {"icmp_out_echos", u32},          {"icmp_out_echo_reps", u32},
    {"icmp_out_timestamps", u32},    {"icmp_out_timestamp_reps", u32}, {"icmp_out_addr_masks", u32},
    {"icmp_out_addr_mask_reps", u32}};
constexpr Field kMib2Tcp[] = {{"tcp_rto_algorithm", u32}, {"tcp_rto_min", u32},      {"tcp_rto_max", u32},
                              {"tcp_max_conn", u32},      {"tcp_active_opens", u32}, {"tcp_passive_opens", u32},
                              {"tcp_attempt_fails", u32}, {"tcp_estab_resets", u32}, {"tcp_curr_estab", u32},
                              {"tcp_in_segs", u32},       {"tcp_out_segs", u32},     {"tcp_retrans_segs", u32},
                              {"tcp_in_errs", u32},       {"tcp_out_rsts", u32},     {"tcp_in_csum_errors", u32}};
constexpr Field kMib2Udp[] = {{"udp_in_datagrams", u32},  {"udp_no_ports", u32},      {"udp_in_errors", u32},
                              {"udp_out_datagrams", u32}, {"udp_rcvbuf_errors", u32}, {"udp_sndbuf_errors", u32},
                              {"udp_in_csum_errors", u32}};
constexpr Field kVirtNode[] = {
    {"mhz", u32}, {"cpus", u32}, {"memory", u64}, {"memory_free", u64}, {"num_domains", u32}};
constexpr Field kVirtCpu[] = {{"state", u32}, {"cpu_time", u32}, {"nr_virt_cpu", u32}};
constexpr Field kVirtMemory[] = {{"memory", u64}, {"max_memory", u64}};
constexpr Field kVirtDiskIo[] = {{"capacity", u64}, {"allocation", u64}, {"available", u64}, {"rd_req", u32},
                                 {"rd_bytes", u64}, {"wr_req", u32},     {"wr_bytes", u64},  {"errs", u32}};
constexpr Field kJvmRuntime[] = {{"vm_name", text}, {"vm_vendor", text}, {"vm_version", text}};
constexpr Field kJvmStatistics[] = {{"heap_initial", u64},
                                    {"heap_used", u64},
                                    {"heap_committed", u64},
                                    {"heap_max", u64},
                                    {"non_heap_initial", u64},
                                    {"non_heap_used", u64},
                                    {"non_heap_committed", u64},
                                    {"non_heap_max", u64},
                                    {"gc_count", u32},
                                    {"gc_time", u32},
                                    {"class_loaded", u32},
                                    {"class_total", u32},
                                    {"class_unloaded", u32},
                                    {"comp_time", u32},
                                    {"thread_num_live", u32},
                                    {"thread_num_daemon", u32},
                                    {"thread_num_started", u32},
                                    {"fd_open", u32},
                                    {"fd_max", u32}};
constexpr Field kHttpCounters[] = {
    {"method_option_count", u32}, {"method_get_count", u32},     {"method_head_count", u32},
    {"method_post_count", u32},   {"method_put_count", u32},     {"method_delete_count", u32},
    {"method_trace_count", u32},  {"method_connect_count", u32}, {"method_other_count", u32},
    {"status_1xx_count", u32},    {"status_2xx_count", u32},     {"status_3xx_count", u32},
    {"status_4xx_count", u32},    {"status_5xx_count", u32},     {"status_other_count", u32}};
constexpr Field kAppOperations[] = {{"application", text}, {"success", u32},        {"other", u32},
                                    {"timeout", u32},      {"internal_error", u32}, {"bad_request", u32},
                                    {"forbidden", u32},    {"too_large", u32},      {"not_implemented", u32},
                                    {"not_found", u32},    {"unavailable", u32},    {"unauthorized", u32}};
constexpr Field kAppResources[] = {{"user_time", u32}, {"system_time", u32}, {"mem_used", u64},  {"mem_max", u64},
                                   {"fd_open", u32},   {"fd_max", u32},      {"conn_open", u32}, {"conn_max", u32}};
constexpr Field kMemcacheCounters[] = {{"cmd_set", u32},
                                       {"cmd_touch", u32},
                                       {"cmd_flush", u32},
                                       {"get_hits", u32},
                                       {"get_misses", u32},
                                       {"delete_hits", u32},
                                       {"delete_misses", u32},
                                       {"incr_hits", u32},
                                       {"incr_misses", u32},
                                       {"decr_hits", u32},
                                       {"decr_misses", u32},
                                       {"cas_hits", u32},
                                       {"cas_misses", u32},
                                       {"cas_badval", u32},
                                       {"auth_cmds", u32},
                                       {"auth_errors", u32},
                                       {"threads", u32},
                                       {"conn_yields", u32},
                                       {"listen_disabled_num", u32},
                                       {"curr_connections", u32},
                                       {"rejected_connections", u32},
                                       {"total_connections", u32},
                                       {"connection_structures", u32},
                                       {"evictions", u32},
                                       {"reclaimed", u32},
                                       {"curr_items", u32},
                                       {"total_items", u32},
                                       {"bytes_read", u64},
                                       {"bytes_written", u64},
                                       {"bytes", u64},
                                       {"limit_maxbytes", u64}};
constexpr Field kAppWorkers[] = {
    {"workers_active", u32}, {"workers_idle", u32}, {"workers_max", u32}, {"req_delayed", u32}, {"req_dropped", u32}};
constexpr Field kOvsDpStats[] = {{"hits", u32},      {"misses", u32}, {"lost", u32},
                                 {"mask_hits", u32}, {"flows", u32},  {"masks", u32}};
constexpr Field kBroadcomTables[] = {{"host_entries", u32},         {"host_entries_max", u32},
                                     {"ipv4_entries", u32},         {"ipv4_entries_max", u32},
                                     {"ipv6_entries", u32},         {"ipv6_entries_max", u32},
                                     {"ipv4_ipv6_entries", u32},    {"ipv4_ipv6_entries_max", u32},
                                     {"long_ipv6_entries", u32},    {"long_ipv6_entries_max", u32},
                                     {"total_routes", u32},         {"total_routes_max", u32},
                                     {"ecmp_nexthops", u32},        {"ecmp_nexthops_max", u32},
                                     {"mac_entries", u32},          {"mac_entries_max", u32},
                                     {"ipv4_neighbors", u32},       {"ipv6_neighbors", u32},
                                     {"ipv4_routes", u32},          {"ipv6_routes", u32},
                                     {"acl_ingress_entries", u32},  {"acl_ingress_entries_max", u32},
                                     {"acl_ingress_counters", u32}, {"acl_ingress_counters_max", u32},
                                     {"acl_ingress_meters", u32},   {"acl_ingress_meters_max", u32},
                                     {"acl_ingress_slices", u32},   {"acl_ingress_slices_max", u32},
                                     {"acl_egress_entries", u32},   {"acl_egress_entries_max", u32},
                                     {"acl_egress_counters", u32},  {"acl_egress_counters_max", u32},
                                     {"acl_egress_meters", u32},    {"acl_egress_meters_max", u32},
                                     {"acl_egress_slices", u32},    {"acl_egress_slices_max", u32}};
constexpr Field kNvidiaGpu[] = {{"device_count", u32}, {"processes", u32}, {"gpu_time", u32},   {"mem_time", u32},
                                {"mem_total", u64},    {"mem_free", u64},  {"ecc_errors", u32}, {"energy", u32},
                                {"temperature", u32},  {"fan_speed", u32}};

// In order of their formats.
constexpr Layout kLayouts[] = {
    {format_of(0, 1), "generic_interface", kGenericInterface, std::size(kGenericInterface)},
    {format_of(0, 2), "ethernet_interface", kEthernetInterface, std::size(kEthernetInterface)},
    {format_of(0, 3), "token_ring", kTokenRing, std::size(kTokenRing)},
    {format_of(0, 4), "vg_interface", kVgInterface, std::size(kVgInterface)},
    {format_of(0, 5), "vlan", kVlan, std::size(kVlan)},
    {format_of(0, 6), "ieee80211", kIeee80211, std::size(kIeee80211)},
    {format_of(0, 7), "lag_port", kLagPort, std::size(kLagPort)},
    {format_of(0, 10), "optical_module", kOpticalModule, std::size(kOpticalModule)},
    {format_of(0, 1001), "processor", kProcessor, std::size(kProcessor)},
    {format_of(0, 1002), "radio_utilization", kRadioUtilization, std::size(kRadioUtilization)},
    {format_of(0, 1004), "openflow_port", kOpenflowPort, std::size(kOpenflowPort)},
    {format_of(0, 1005), "port_name", kPortName, std::size(kPortName)},
    {format_of(0, 2000), "host_descr", kHostDescr, std::size(kHostDescr)},
    {format_of(0, 2001), "host_adapters", kHostAdapters, std::size(kHostAdapters)},
    {format_of(0, 2002), "host_parent", kHostParent, std::size(kHostParent)},
    {format_of(0, 2003), "host_cpu", kHostCpu, 17},
    {format_of(0, 2004), "host_memory", kHostMemory, std::size(kHostMemory)},
    {format_of(0, 2005), "host_disk_io", kHostDiskIo, std::size(kHostDiskIo)},
    {format_of(0, 2006), "host_net_io", kHostNetIo, std::size(kHostNetIo)},
    {format_of(0, 2007), "mib2_ip", kMib2Ip, std::size(kMib2Ip)},
    {format_of(0, 2008), "mib2_icmp", kMib2Icmp, std::size(kMib2Icmp)},
    {format_of(0, 2009), "mib2_tcp", kMib2Tcp, 14},
    {format_of(0, 2010), "mib2_udp", kMib2Udp, 4},
    {format_of(0, 2100), "virt_node", kVirtNode, std::size(kVirtNode)},
    {format_of(0, 2101), "virt_cpu", kVirtCpu, std::size(kVirtCpu)},
    {format_of(0, 2102), "virt_memory", kVirtMemory, std::size(kVirtMemory)},
    {format_of(0, 2103), "virt_disk_io", kVirtDiskIo, std::size(kVirtDiskIo)},
    {format_of(0, 2104), "virt_net_io", kHostNetIo, std::size(kHostNetIo)},
    {format_of(0, 2105), "jvm_runtime", kJvmRuntime, std::size(kJvmRuntime)},
    {format_of(0, 2106), "jvm_statistics", kJvmStatistics, std::size(kJvmStatistics)},
    {format_of(0, 2201), "http_counters", kHttpCounters, std::size(kHttpCounters)},
    {format_of(0, 2202), "app_operations", kAppOperations, std::size(kAppOperations)},
    {format_of(0, 2203), "app_resources", kAppResources, std::size(kAppResources)},
    {format_of(0, 2204), "memcache_counters", kMemcacheCounters, std::size(kMemcacheCounters)},
    {format_of(0, 2206), "app_workers", kAppWorkers, std::size(kAppWorkers)},
    {format_of(0, 2207), "ovs_dp_stats", kOvsDpStats, std::size(kOvsDpStats)},
    {format_of(4413, 3), "broadcom_tables", kBroadcomTables, std::size(kBroadcomTables)},
    {format_of(5703, 1), "nvidia_gpu", kNvidiaGpu, std::size(kNvidiaGpu)},
};
static_assert(std::ranges::is_sorted(kLayouts, {}, &Layout::format));
static_assert(std::ranges::all_of(kLayouts, [](const Layout& layout) { return layout.fields.size() <= kMaxFields; }));

}  // namespace

const Layout* counter_layout(uint32_t format) {
  const auto found = std::ranges::lower_bound(kLayouts, format, {}, &Layout::format);
  return found != std::end(kLayouts) && found->format == format ? found : nullptr;
}

}  // namespace weir::decode::sflow
