"""sFlow: kinds of samples, records of a flow sample, counters, and damage."""

import struct

from captures.case import Case, at
from captures.wire import (block, extension, frame, ipv4, ipv6, mac, opaque, raw, raw_header, sflow, sflow_address, string, tag, tcp, u16,
                           u32,
                           u64, udp)

V5 = "sFlow Version 5 (sflow_version_5.txt)"
STRUCTS = "sflow.org, structures: sflow_"
NOT_KNOWN = 0xFFFFFFFF

FRAME = frame(0x0800, ipv4(6, tcp(49152, 443, 0x12), tos=0x10))
IPV4 = dict(src_addr="192.0.2.1", dst_addr="198.51.100.2", proto=6, ip_tos=16, ip_ttl=64, fragment_id=0x1234, fragment_offset=0, ip_flags=2,
            src_port=49152, dst_port=443, tcp_flags=0x12, src_mac="02:00:5e:00:53:01", dst_mac="02:00:5e:00:53:02", etype=0x0800)


def flow_sample(*records, source=7, source_type=0, rate=1000, pool=5000, drops=0, input=7, output=8, output_format=0, sequence=1):
    return block(1, u32(sequence, source_type << 24 | source, rate, pool, drops, input, output_format << 30 | output,
                        len(records)) + b"".join(records))


def expanded_flow_sample(*records, source=7, rate=1000, input=7, output=8, output_format=0, sequence=1):
    return block(3, u32(sequence, 0, source, rate, 5000, 0, 0, input, output_format, output, len(records)) + b"".join(records))


def discarded_packet(*records, reason, source=7, input=7, output=0, drops=0, sequence=1):
    return block(5, u32(sequence, 0, source, drops, input, output, reason, len(records)) + b"".join(records))


def counter_sample(*records, source=7, sequence=1):
    return block(2, u32(sequence, source, len(records)) + b"".join(records))


def expanded_counter_sample(*records, source_type=0, source=7, sequence=1):
    return block(4, u32(sequence, source_type, source, len(records)) + b"".join(records))


def sampled(rows, time=1, agent="10.0.0.1", sub_agent=0):
    """Rows with what each has of its sample: that of flow_sample() unless the row says otherwise."""
    common = dict(type=1, agent_address=agent, observation_domain_id=sub_agent, sampling_rate=1000, packets=1, in_if=7, out_if=8,
                  flow_direction=0,
                  time_flow_start=at(time), time_flow_end=at(time))
    return [{**common, **row} for row in rows]


def one_sample(name, about, source, records, row, note=""):
    case = Case(name, about, source, note)
    return case.send(sflow(flow_sample(*records)), *sampled([row]))


def counted(case, record, values, source=(0, 7), sub_agent=0, agent="10.0.0.1", time=1):
    """Rows of the table `counters`: a whole number in value, a real one in real, a text in text."""
    for name, value in values.items():
        kind = {int: "value", float: "real", str: "text"}[type(value)]
        case.counters.append(dict(sorted({"time_received": at(time), "sampler_address": "192.0.2.1", "agent_address": agent,
                                          "sub_agent_id": sub_agent,
                                          "source_type": source[0], "source_index": source[1], "record": record, "name": name,
                                          kind: value}.items())))
    return case


def cases():
    yield from samples()
    yield from records()
    yield from more_records()
    yield from counters()
    yield from damage()


def samples():
    header = raw_header(1, 1400, FRAME)
    row = dict(IPV4, bytes=1400)
    yield one_sample("sflow-sampled-header", "sFlow: a sampled Ethernet frame of 1400 bytes, 54 of them in the sample.", V5, [header], row)

    case = Case("sflow-expanded-samples", "sFlow: the same packet in a compact and an expanded sample, and interfaces beyond 2^30.", V5)
    rows = [row, row, dict(row, in_if=0x12345678, out_if=0xFEDCBA98)]
    yield case.send(sflow(flow_sample(header), expanded_flow_sample(header, sequence=2),
                          expanded_flow_sample(header, source=0x12345678, input=0x12345678, output=0xFEDCBA98)), *sampled(rows))

    case = Case("sflow-agent-with-ipv6-address", "sFlow: the agent names itself by an IPv6 address; sub-agent 17.", V5)
    yield case.send(sflow(flow_sample(header), agent="2001:db8::9", sub_agent=17), *sampled([row], agent="2001:db8::9", sub_agent=17))

    case = Case("sflow-interface-formats",
                "sFlow: interfaces that are not known, the device itself, discarded (port unreachable, access list), several.",
                V5 + ", comment of interface")
    forms = [(dict(input=0, output=0), dict(in_if=None, out_if=None, flow_direction=None)),
             (dict(input=0x3FFFFFFF, output=0x3FFFFFFF), dict(in_if=0, out_if=0, flow_direction=None)),
             (dict(output_format=1, output=3), dict(out_if=None, drop_reason=3, drop_reason_name="port_unreachable",
                                                    forwarding_status=128)),
             (dict(output_format=1, output=258), dict(out_if=None, drop_reason=258, drop_reason_name="acl", forwarding_status=128)),
             (dict(output_format=2, output=7), dict(out_if=None, out_if_count=7)),
             (dict(source=8), dict(flow_direction=1))]
    yield case.send(sflow(*(flow_sample(header, sequence=n, **given) for n, (given, _) in enumerate(forms, 1))),
                    *sampled([dict(row, **columns) for _, columns in forms]))

    case = Case("sflow-discarded-packets",
                "sFlow: notifications of dropped packets: host unreachable, a kernel's function and reason, an access list, a "
                "hardware trap.", STRUCTS + "drops.txt", "tshark (4.0.17) does not know samples of format 5.")
    dropped = dict(row, sampling_rate=None, forwarding_status=128, out_if=None)
    kernel = [block(1038, string("tcp_v4_rcv")), block(1042, string("NO_SOCKET"))]
    sent = [discarded_packet(header, reason=1), discarded_packet(header, *kernel, reason=371, sequence=2),
            discarded_packet(header, block(1037, u32(5) + string("deny-all") + u32(1)), reason=258, sequence=3),
            discarded_packet(header, block(1041, string("l3_drops") + string("blackhole_route")), reason=256, sequence=4)]
    wanted = [dict(drop_reason=1, drop_reason_name="host_unreachable"), dict(drop_reason=371, drop_reason_name="NO_SOCKET"),
              dict(drop_reason=258, drop_reason_name="acl", ingress_acl="deny-all"),
              dict(drop_reason=256, drop_reason_name="blackhole_route")]
    yield case.send(sflow(*sent), *sampled([{**dropped, **columns} for columns in wanted]))

    case = Case("sflow-lost-datagrams", "sFlow: datagrams 1, 2 and 5 of a sub-agent arrive.", V5 + ", sequence_number of sample_datagram")
    for time, sequence in ((1, 1), (2, 2), (3, 5)):
        case.send(sflow(flow_sample(header, sequence=sequence), sequence=sequence, uptime=3_600_000 + 1000 * time), *sampled([row], time))
    yield case.counts(lost_units=2, anomalies={"sequence_gap": 1})


def records():
    parsed = [block(2, u32(900) + mac("02:00:5e:00:53:01") + bytes(2) + mac("02:00:5e:00:53:02") + bytes(2) + u32(0x0800)),
              block(3, u32(882, 6) + raw("c0000201 c6336402") + u32(49152, 443, 18, 8))]
    row = dict(bytes=900, src_mac="02:00:5e:00:53:01", dst_mac="02:00:5e:00:53:02", proto=6, src_addr="192.0.2.1", dst_addr="198.51.100.2",
               src_port=49152,
               dst_port=443, tcp_flags=18, ip_tos=8)
    yield one_sample("sflow-parsed-ethernet-and-ipv4", "sFlow: no header but what the agent read of it: Ethernet and IPv4.",
                     V5 + ", sampled_ethernet, sampled_ipv4", parsed, row)

    row = dict(bytes=60, proto=17, src_addr="2001:db8::1", dst_addr="2001:db8::2", src_port=5353, dst_port=53, ip_tos=1)
    parsed = [block(4, u32(60, 17) + raw("20010db8000000000000000000000001 20010db8000000000000000000000002") + u32(5353, 53, 0, 1))]
    yield one_sample("sflow-parsed-ipv6", "sFlow: what the agent read of an IPv6 header.", V5 + ", sampled_ipv6", parsed, row)

    cut = raw_header(1, 1400, FRAME[:14 + 20 + 4])
    parsed = block(3, u32(1386, 6) + raw("c0000201 c6336402") + u32(49152, 443, 0x12, 0))
    case = Case("sflow-header-cut-after-the-ports",
                "sFlow: a sampled header that ends before the TCP flags, beside what the agent read of the packet, in either order.",
                V5 + ", sampled_header, sampled_ipv4")
    rows = [dict(IPV4, bytes=1400)] * 2
    yield case.send(sflow(flow_sample(cut, parsed), flow_sample(parsed, cut, sequence=2)), *sampled(rows))

    tagged = FRAME[:12] + raw("893f a012 3034 0506 8100 a064") + FRAME[12:]
    case = Case("sflow-tags-of-both-sides",
                "sFlow: a frame with a VLAN tag, behind an E-tag of a port extender, taken as it came in, then as it went out.",
                V5 + ", sFlowDataSource; IEEE 802.1BR section 7.5")
    both = [dict(IPV4, bytes=1400, vlan_id=100, src_vlan=100, vlan_priority=5),
            dict(IPV4, bytes=1400, flow_direction=1, vlan_id=100, dst_vlan=100, dst_vlan_priority=5, src_vlan=None)]
    yield case.send(sflow(flow_sample(raw_header(1, 1400, tagged)), flow_sample(raw_header(1, 1400, tagged), source=8, sequence=2)),
                    *sampled(both))

    row = dict(IPV4, bytes=1400, src_vlan=10, vlan_id=10, vlan_priority=3, dst_vlan=20, next_hop="10.0.0.9", src_net=24, dst_net=16)
    given = [raw_header(1, 1400, FRAME), block(1001, u32(10, 3, 20, NOT_KNOWN)), block(1002, sflow_address("10.0.0.9") + u32(24, 16))]
    yield one_sample("sflow-switch-and-router",
                     "sFlow: VLANs of the switch (one priority is not known), next hop and prefix lengths of the router.",
                     V5 + ", extended_switch, extended_router", given, row)

    path = u32(2) + u32(2, 2, 64501, 64502) + u32(1, 2, 64510, 4200000000)
    gateway = sflow_address("203.0.113.1") + u32(64500, 64496, 64497) + path + u32(2, 0xFBF40065, 0xFDE80001) + u32(100)
    row = dict(IPV4, bytes=1400, bgp_next_hop="203.0.113.1", router_as=64500, src_as=64496, src_peer_as=64497,
               as_path="64501 64502 {64510,4200000000}",
               next_hop_as=64501, dst_as=4200000000, bgp_communities="64500:101 65000:1", bgp_local_pref=100)
    yield one_sample("sflow-gateway", "sFlow: BGP: AS path of a sequence and a set, communities, local preference.",
                     V5 + ", extended_gateway", [raw_header(1, 1400, FRAME), block(1003, gateway)],
                     row)

    row = dict(IPV4, bytes=1400, user_name="alice", dst_user_name="bob", url_direction=2, url="/a?b=c", http_host="example.org")
    given = [raw_header(1, 1400, FRAME), block(1004, u32(106) + string("alice") + u32(106) + string("bob")),
             block(1005, u32(2) + string("/a?b=c") + string("example.org"))]
    yield one_sample("sflow-user-and-url", "sFlow: users of both sides and a URL.", V5 + ", extended_user, extended_url", given, row)

    row = dict(IPV4, bytes=1400, post_nat_src_addr="203.0.113.9", post_nat_dst_addr="2001:db8::1", post_nat_src_port=1024,
               post_nat_dst_port=443)
    given = [raw_header(1, 1400, FRAME), block(1007, sflow_address("203.0.113.9") + sflow_address("2001:db8::1")),
             block(1020, u32(1024, 443))]
    yield one_sample("sflow-translation", "sFlow: addresses and ports after translation.",
                     V5 + ", extended_nat; " + STRUCTS + "nat.txt (extended_nat_port)", given, row)


def more_records():
    stack = block(1006, sflow_address("10.0.0.9") + u32(2, 100 << 12 | 64, 200 << 12 | 0x100 | 63) + u32(2, 300 << 12, 400 << 12))
    given = [block(3, u32(60, 17) + raw("0a000001 0a0400ff") + u32(1, 2, 0, 0)), stack, block(1008, string("to-fra") + u32(5, 1)),
             block(1009, string("vc-a") + u32(6, 1)), block(1010, string("ftn") + u32(0xFFFFFF00)), block(1011, u32(17))]
    row = dict(mpls_top_label_addr="10.0.0.9", mpls_label_1=100, mpls_label_2=200, mpls_ttl=64, mpls_out_labels="300 400",
               mpls_tunnel_name="to-fra",
               mpls_tunnel_id=5, mpls_vc_name="vc-a", mpls_vc_id=6, mpls_ftn="ftn", mpls_fec_prefix="10.4.0.0/17", bytes=60, proto=17,
               src_addr="10.0.0.1",
               dst_addr="10.4.0.255", src_port=1, dst_port=2, ip_tos=0)
    yield one_sample("sflow-mpls-records", "sFlow: label stacks before and after, tunnel, virtual circuit, FTN and LDP FEC.",
                     V5 + ", extended_mpls to extended_mpls_LDP_FEC", given, row)

    header = raw_header(1, 1400, FRAME)
    given = [header, block(1034, u32(1, 0x81000064)), block(1035, u32(2, 0x88A800C8, 0x81000001))]
    row = dict(IPV4, bytes=1400, src_vlan=100, vlan_id=100, dst_vlan=200, dst_customer_vlan_id=1)
    yield one_sample("sflow-vlan-stacks", "sFlow: tags as the packet came and as it left.",
                     STRUCTS + "tunnels and vlan (extended_vlanin, extended_vlanout)", given, row)

    given = [header, block(1024, u32(0, 47) + raw("c0000254 c0000253") + u32(0, 0, 0, 0)), block(1030, u32(5001))]
    row = dict(IPV4, bytes=1400, tunnel_src_addr="192.0.2.84", tunnel_dst_addr="192.0.2.83", tunnel_type="gre", tunnel_id=5001)
    yield one_sample("sflow-tunnel-of-the-device",
                     "sFlow: the device took the packet out of a GRE tunnel; the tunnel's header is told beside the sampled one.",
                     STRUCTS + "tunnels.txt (extended_ipv4_tunnel_ingress, extended_vni_ingress)", given, row)

    given = [header, block(1014, string("guests") + mac("02:aa:bb:cc:dd:ee") + bytes(2) + u32(4, 11) + u64(54_000_000) + bytes(12))]
    row = dict(IPV4, bytes=1400, wlan_ssid="guests", wtp_mac="02:aa:bb:cc:dd:ee", wlan_channel=11)
    yield one_sample("sflow-wireless", "sFlow: SSID, access point and channel of a frame that came by radio.",
                     "sFlow 802.11 Structures (sflow_80211.txt)", given, row)

    request = u32(2, 1001) + string("/x") + string("example.org") + string("ref") + string("curl") + string("192.0.2.7") + string("alice")
    given = [header, block(2206, request + string("text/html") + u64(1, 2) + u32(3, 404))]
    row = dict(IPV4, bytes=1400, http_method="GET", url="/x", http_host="example.org", http_user_agent="curl", user_name="alice",
               http_status=404)
    yield one_sample("sflow-http-request", "sFlow: a request of an HTTP server, as mod-sflow sends it.", STRUCTS + "http.txt", given, row)

    case = Case("sflow-header-protocols",
                "sFlow: sampled headers that begin with IPv4, IPv6, PPP and MPLS, and one of a protocol without meaning.",
                V5 + ", header_protocol")
    packet = ipv4(17, udp(53, 4096, b""), tos=0)
    base = dict(src_addr="192.0.2.1", dst_addr="198.51.100.2", proto=17, ip_tos=0, ip_ttl=64, fragment_id=0x1234, fragment_offset=0,
                ip_flags=2, src_port=53,
                dst_port=4096, bytes=60)
    six = dict(src_addr="2001:db8::1", dst_addr="2001:db8::2", proto=17, ip_tos=0, ip_ttl=64, ipv6_flow_label=0, src_port=53, dst_port=4096,
               bytes=60)
    headers = [(11, packet, base), (12, ipv6(17, udp(53, 4096, b"")), six), (7, raw("0021") + packet, base),
               (13, raw("00064140") + packet, dict(base, mpls_label_1=100, mpls_ttl=64)), (3, packet, dict(bytes=60))]
    yield case.send(sflow(*(flow_sample(raw_header(kind, 60, octets), sequence=n) for n, (kind, octets, _) in enumerate(headers, 1))),
                    *sampled([row for _, _, row in headers]))


def counters():
    case = Case("sflow-interface-counters",
                "sFlow: counters of an interface and of its Ethernet; those that the agent does not know have all bits set and "
                "are left out.", V5 + ", if_counters, ethernet_counters")
    generic = u32(3, 6) + u64(1_000_000_000) + u32(1, 3) + u64(3910) + u32(28, NOT_KNOWN, NOT_KNOWN, 0, 0,
                                                                           NOT_KNOWN) + u64((1 << 64) - 1) + u32(
        29, NOT_KNOWN, NOT_KNOWN, 0, 0, 0)
    ethernet = u32(*range(13))
    case.send(sflow(counter_sample(block(1, generic), block(2, ethernet))))
    counted(case, "generic_interface", {"if_index": 3, "if_type": 6, "if_speed": 1_000_000_000, "if_direction": 1, "if_status": 3,
                                        "if_in_octets": 3910,
                                        "if_in_ucast_pkts": 28, "if_in_discards": 0, "if_in_errors": 0, "if_out_ucast_pkts": 29,
                                        "if_out_discards": 0,
                                        "if_out_errors": 0, "if_promiscuous_mode": 0})
    names = ("alignment_errors fcs_errors single_collision_frames multiple_collision_frames sqe_test_errors deferred_transmissions late_collisions "
             "excessive_collisions internal_mac_transmit_errors carrier_sense_errors frame_too_longs internal_mac_receive_errors symbol_errors")
    yield counted(case, "ethernet_interface", {f"dot3_stats_{name}": n for n, name in enumerate(names.split())})

    case = Case("sflow-host-counters", "sFlow: a host's name, CPU and memory, as hsflowd sends them, in an expanded counter sample.",
                "sFlow Host Structures (sflow_host.txt)",
                "Records 2000, 2003 and 2004, which tshark (4.0.17) does not read.")
    description = string("web1") + raw("00112233445566778899aabbccddeeff") + u32(3, 2) + string("6.1.0")
    cpu = struct.pack("!fff", 0.5, 0.25, -1) + u32(1, 200, 4, 2400, 86400, 10, 11, 12, 13, 14, 15, 16, 17, 18)
    memory = u64(8 << 30, 1 << 30, 0, 4096, 8192, 0, 0) + u32(1, 2, 3, 4)
    case.send(sflow(expanded_counter_sample(block(2000, description), block(2003, cpu), block(2004, memory), source_type=2, source=1)))
    counted(case, "host_descr", {"hostname": "web1", "uuid": "00112233-4455-6677-8899-aabbccddeeff", "machine_type": 3, "os_name": 2,
                                 "os_release": "6.1.0"}, (2, 1))
    words = "proc_run proc_total cpu_num cpu_speed uptime cpu_user cpu_nice cpu_system cpu_idle cpu_wio cpu_intr cpu_sintr interrupts contexts"
    counted(case, "host_cpu", {"load_one": 0.5, "load_five": 0.25, **dict(zip(words.split(), (1, 200, 4, 2400, 86400, *range(10, 19))))},
            (2, 1))
    yield counted(case, "host_memory", {"mem_total": 8 << 30, "mem_free": 1 << 30, "mem_shared": 0, "mem_buffers": 4096, "mem_cached": 8192,
                                        "swap_total": 0,
                                        "swap_free": 0, "page_in": 1, "page_out": 2, "swap_in": 3, "swap_out": 4}, (2, 1))

    case = Case("sflow-counters-beside-flows", "sFlow: a flow sample, a processor's counters and a VLAN's in one datagram.",
                V5 + ", processor, vlan_counters")
    case.send(sflow(flow_sample(raw_header(1, 1400, FRAME)),
                    counter_sample(block(1001, u32(1450, NOT_KNOWN, 1330) + u64(4 << 30, 1 << 30))),
                    counter_sample(block(5, u32(100) + u64(123456789012) + u32(1, 2, 3, 4)), source=1 << 24 | 100)),
                    *sampled([dict(IPV4, bytes=1400)]))
    counted(case, "processor", {"cpu_5s": 14.5, "cpu_5m": 13.3, "total_memory": 4 << 30, "free_memory": 1 << 30})
    yield counted(case, "vlan", {"vlan_id": 100, "octets": 123456789012, "ucast_pkts": 1, "multicast_pkts": 2, "broadcast_pkts": 3,
                                 "discards": 4}, (1, 100))


def damage():
    header = raw_header(1, 1400, FRAME)
    row = dict(IPV4, bytes=1400)
    case = Case("sflow-unknown-formats",
                "sFlow: a sample and a record of an enterprise's own, and a sample of format 77: passed over, the rest is read.",
                V5 + ", data_format",
                "tshark stops at a sample of an enterprise that it does not know.")
    yield (case.send(sflow(block(1, bytes(28), enterprise=4300), flow_sample(block(9, bytes(8), enterprise=4300), header),
                           block(77, bytes(8))), *sampled([row]))
           .counts(anomalies={"unknown_sample": 2, "unknown_sample_record": 1}))

    case = Case("sflow-damaged-records",
                "sFlow: a record longer than its sample, a record cut off in its contents, a sample too short for its head; a good "
                "sample at the end.", V5, "tshark reads on beyond the end of a record that is too short.")
    fixed = u32(1, 7, 1000, 5000, 0, 7, 8)
    sent = sflow(block(1, fixed + u32(1, 1001, 20) + bytes(16)), flow_sample(block(1001, u32(1, 2, 3)), header, sequence=2),
                 block(1, bytes(28)),
                 flow_sample(header, sequence=4))
    yield case.send(sent, *sampled([{}, row, row])).counts(anomalies={"bad_sample": 1, "bad_sample_record": 2})

    case = Case("sflow-count-of-samples", "sFlow: the header counts three samples where there is one.",
                V5 + ", samples<> of sample_datagram")
    yield case.send(sflow(flow_sample(header), count=3), *sampled([row])).counts(anomalies={"count_mismatch": 1})

    case = Case("sflow-version-4", "sFlow of version 4: another layout, not decoded.", "RFC 3176")
    yield case.send(raw("00000004 00000001 0a000001") + u32(1, 1000, 0)).counts(datagrams_rejected=1, anomalies={"unsupported_version": 1})
