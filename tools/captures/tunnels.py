"""Sampled headers of packets in tunnels, behind tags and labels, and in fragments."""

from captures.case import Case
from captures.sflow_cases import flow_sample, sampled
from captures.wire import (extension, frame, geneve, gre, icmp, ipv4, ipv6, ipv6_fragment, label, raw, raw_header, segment_routing, sflow,
                           tag, tcp,
                           u16, u32, u64, udp, vxlan)

MACS = dict(src_mac="02:00:5e:00:53:01", dst_mac="02:00:5e:00:53:02")
IPV4 = dict(src_addr="192.0.2.1", dst_addr="198.51.100.2", proto=6, ip_tos=0, ip_ttl=64, fragment_id=0x1234, fragment_offset=0, ip_flags=2)
IPV6 = dict(src_addr="2001:db8::1", dst_addr="2001:db8::2", proto=6, ip_tos=0, ip_ttl=64, ipv6_flow_label=0)
TCP = dict(src_port=49152, dst_port=443, tcp_flags=0x12)
INNER_MACS = dict(inner_src_mac="02:00:5e:00:53:a1", inner_dst_mac="02:00:5e:00:53:a2")
INNER_IPV4 = dict(inner_src_addr="10.0.0.1", inner_dst_addr="10.0.0.2", inner_tos=184, inner_ttl=63)
INNER_IPV6 = dict(inner_src_addr="2001:db8::1", inner_dst_addr="2001:db8::2", inner_tos=0, inner_ttl=64)
INNER_TCP = dict(inner_proto=6, inner_src_port=49152, inner_dst_port=443, inner_tcp_flags=0x12)
IN4 = {**INNER_IPV4, **INNER_TCP}
IN_FRAME = {**INNER_MACS, **IN4}

SEGMENT = tcp(49152, 443, 0x12)
PACKET = ipv4(6, SEGMENT)
PACKET6 = ipv6(6, SEGMENT)


def inner(protocol, payload):
    return ipv4(protocol, payload, source="10.0.0.1", destination="10.0.0.2", tos=0xB8, ttl=63)


def inner_frame(kind, payload):
    return frame(kind, payload, source="02:00:5e:00:53:a1", destination="02:00:5e:00:53:a2")


INNER = inner(6, SEGMENT)
INNER_FRAME = inner_frame(0x0800, INNER)
PPP = raw("ff03 0021") + INNER


def over_ip(protocol, payload):
    return frame(0x0800, ipv4(protocol, payload))


def over_udp(port, payload):
    return over_ip(17, udp(50000, port, payload))


def tunnel(kind, number=None, **columns):
    """What a tunnel over IPv4 gives besides its inner packet."""
    return {**MACS, **IPV4, "tunnel_type": kind, "tunnel_id": number, **columns}


def case(name, about, source, *headers, note=""):
    """headers: the sampled frame and its columns, each in a sample of its own."""
    made = Case(name, about, source, note)
    made_samples = [flow_sample(raw_header(1, 1514, octets), sequence=n) for n, (octets, _) in enumerate(headers, 1)]
    return made.send(sflow(*made_samples), *sampled([{"bytes": 1514, **row} for _, row in headers]))


def cases():
    yield from links()
    yield from labels()
    yield from ip_headers()
    yield from gre_tunnels()
    yield from ip_tunnels()
    yield from udp_tunnels()


def links():
    plain = {**MACS, **IPV4, **TCP}
    snap = raw("aaaa03 000000 0800") + PACKET
    yield case("header-ethernet", "An Ethernet frame with IPv4, one with IPv6, IEEE 802.3 with SNAP, ARP, spanning tree.",
               "IEEE 802.3; RFC 1042",
               (frame(0x0800, PACKET), plain), (frame(0x86DD, PACKET6), {**MACS, **IPV6, **TCP}), (frame(len(snap), snap), plain),
               (frame(0x0806, raw("0001 0800 0604 0001") + bytes(20)), {**MACS, "etype": 0x0806}),
               (frame(38, raw("424203") + bytes(35)), MACS))
    tagged = {"vlan_id": 100, "vlan_priority": 5}
    yield case("header-vlan-tag", "A frame with an IEEE 802.1Q tag: VLAN 100, priority 5; one with a priority tag (VLAN 0).", "IEEE 802.1Q",
               (frame(0x8100, tag(100, 0x0800, PACKET, 5)), {**plain, **tagged}),
               (frame(0x8100, tag(0, 0x86DD, PACKET6, 7)), {**MACS, **IPV6, **TCP, "vlan_id": 0, "vlan_priority": 7}))
    two = {**plain, **tagged, "customer_vlan_id": 200}
    yield case("header-qinq", "Two tags, the outer one of each EtherType in use: 88a8, 8100, 9100, 9200.", "IEEE 802.1ad",
               *((frame(outer, tag(100, 0x8100, tag(200, 0x0800, PACKET), 5)), two) for outer in (0x88A8, 0x8100, 0x9100, 0x9200)),
               note="tshark does not know 9200 as a tag.")
    pppoe = raw("1100 1001") + u16(len(PACKET) + 2) + raw("0021") + PACKET
    yield case("header-pppoe", "PPPoE session 4097 with IPv4 in it.", "RFC 2516",
               (frame(0x8864, pppoe), {**plain, "tunnel_type": "pppoe", "tunnel_id": 4097}))


def labels():
    stack = {"mpls_label_1": 1000, "mpls_label_2": 2000, "mpls_ttl": 61}

    def mpls(payload):
        return frame(0x8847, label(1000, False, label(2000, True, payload), 61))

    yield case("header-mpls", "Two MPLS labels before IPv4 and before IPv6.", "RFC 3032", (mpls(PACKET), {**MACS, **IPV4, **TCP, **stack}),
               (mpls(PACKET6), {**MACS, **IPV6, **TCP, **stack}))
    # The addresses of the only IP packet stand in both places.
    wire = {**MACS, **stack, "tunnel_type": "mpls", "tunnel_id": 2000, **IN_FRAME, **IPV4, "src_addr": "10.0.0.1", "dst_addr": "10.0.0.2",
            "ip_tos": 184,
            "ip_ttl": 63, **TCP}
    yield case("header-ethernet-over-mpls", "A pseudowire: Ethernet behind two labels, with a control word and without.", "RFC 4448",
               (mpls(INNER_FRAME), wire),
               (mpls(u32(0) + INNER_FRAME), wire),
               note="tshark takes what begins with four zero bits for a control word, so it reads the frame without one (its address begins with "
               "02) four bytes too far; weir looks at what the EtherType would be.")


def ip_headers():
    six = {**MACS, **IPV6}
    yield case("header-fragments", "Fragments: the first and a later one, of IPv4 and of IPv6.", "RFC 791; RFC 8200 section 4.5",
               (frame(0x0800, ipv4(6, SEGMENT, flags_offset=0x2000)), {**MACS, **IPV4, **TCP, "ip_flags": 1}),
               (frame(0x0800, ipv4(6, SEGMENT, flags_offset=0x20B9)), {**MACS, **IPV4, "ip_flags": 1, "fragment_offset": 185}),
               (frame(0x86DD, ipv6(44, ipv6_fragment(6, 0, True, SEGMENT))),
                {**six, **TCP, "fragment_id": 0xCAFE0001, "fragment_offset": 0, "ip_flags": 1}),
               (frame(0x86DD, ipv6(44, ipv6_fragment(6, 100, False, SEGMENT))),
                {**six, "fragment_id": 0xCAFE0001, "fragment_offset": 100, "ip_flags": 0}))
    yield case("header-ipv6-extensions", "IPv6 with hop-by-hop and destination options, with an authentication header, and encrypted.",
               "RFC 8200; RFC 4302; RFC 4303",
               (frame(0x86DD, ipv6(0, extension(60, extension(6, SEGMENT, 1)))), {**six, **TCP}),
               (frame(0x86DD, ipv6(51, bytes([6, 4]) + bytes(22) + SEGMENT)), {**six, **TCP}),
               (frame(0x86DD, ipv6(50, bytes(40))), {**six, "proto": 50}))
    segments = dict(dst_addr="2001:db8::52", srv6_segments="2001:db8::53 2001:db8::52 2001:db8::51", srv6_segments_left=1,
                    srv6_active_segment="2001:db8::52")

    def srv6(kind, payload):
        routing = segment_routing(kind, 1, ("2001:db8::53", "2001:db8::52", "2001:db8::51"), payload)
        return frame(0x86DD, ipv6(43, routing, destination="2001:db8::52"))

    yield case("header-srv6", "A segment routing header before TCP, before IPv4 and before Ethernet.", "RFC 8754; RFC 8986",
               (srv6(6, SEGMENT), {**six, **TCP, **segments}),
               (srv6(4, INNER), {**six, **segments, "proto": 4, "tunnel_type": "ipip", **IN4}),
               (srv6(143, INNER_FRAME), {**six, **segments, "proto": 143, "tunnel_type": "etherip", **IN_FRAME}))
    yield case("header-transports", "UDP, SCTP, DCCP, ICMP, ICMPv6, OSPF, and TCP with all nine flags.", "IANA protocol numbers",
               (over_ip(17, udp(5353, 53, b"\0\1")), {**MACS, **IPV4, "proto": 17, "src_port": 5353, "dst_port": 53}),
               (over_ip(132, u16(36412, 36413) + bytes(8)), {**MACS, **IPV4, "proto": 132, "src_port": 36412, "dst_port": 36413}),
               (over_ip(33, u16(36412, 36413) + bytes(8)), {**MACS, **IPV4, "proto": 33, "src_port": 36412, "dst_port": 36413}),
               (over_ip(1, icmp(3, 4)), {**MACS, **IPV4, "proto": 1, "icmp_type": 3, "icmp_code": 4}),
               (frame(0x86DD, ipv6(58, icmp(135, 0))), {**MACS, **IPV6, "proto": 58, "icmp_type": 135, "icmp_code": 0}),
               (over_ip(89, bytes(24)), {**MACS, **IPV4, "proto": 89}),
               (over_ip(6, tcp(1, 2, 0x1FF)), {**MACS, **IPV4, "src_port": 1, "dst_port": 2, "tcp_flags": 0x1FF}))


def gre_tunnels():
    def over_gre(octets, kind, number, columns):
        return over_ip(47, octets), {**tunnel(kind, number, proto=47), **columns}

    yield case("tunnel-gre", "GRE: plain, with checksum, key 42 and sequence number, a keepalive, Ethernet, MPLS.",
               "RFC 2784; RFC 2890; RFC 4023",
               over_gre(gre(0, 0x0800, INNER), "gre", None, IN4), over_gre(gre(0xB000, 0x0800, u32(0, 42, 7) + INNER), "gre", 42, IN4),
               over_gre(gre(0, 0, b""), "gre", None, {}), over_gre(gre(0, 0x6558, INNER_FRAME), "gre", None, IN_FRAME),
               over_gre(gre(0, 0x8847, label(300, True, INNER)), "gre", None, {**IN4, "mpls_label_1": 300, "mpls_ttl": 60}))
    yield case("tunnel-nvgre", "NVGRE: virtual subnet 5001; the inner frame has a tag in the second.", "RFC 7637",
               over_gre(gre(0x2000, 0x6558, u32(5001 << 8 | 0x33) + INNER_FRAME), "nvgre", 5001, IN_FRAME),
               over_gre(gre(0x2000, 0x6558, u32(5001 << 8) + inner_frame(0x8100, tag(8, 0x0800, INNER))), "nvgre", 5001,
                        {**IN_FRAME, "inner_vlan_id": 8}),
               note="The RFC forbids a tag in the inner frame; senders do it all the same.")
    yield case("tunnel-pptp", "PPTP: GRE of version 1, call 77, with IPv4 in PPP; an acknowledgement alone.", "RFC 2637",
               over_gre(gre(0x3081, 0x880B, u16(len(PPP), 77) + u32(1, 2) + PPP), "gre", 77, IN4),
               over_gre(gre(0x2081, 0x880B, u16(0, 77) + u32(2)), "gre", 77, {}))
    yield case("tunnel-erspan", "ERSPAN of types I, II and III, session 291 in the latter two.", "draft-foschiano-erspan-03",
               over_gre(gre(0, 0x88BE, INNER_FRAME), "erspan", None, IN_FRAME),
               over_gre(gre(0x1000, 0x88BE, u32(9) + u16(0x1064, 0xE123) + u32(0) + INNER_FRAME), "erspan", 291, IN_FRAME),
               over_gre(gre(0x1000, 0x22EB, u32(9) + u16(0x2064, 0x0123) + u32(1) + u16(0, 0) + INNER_FRAME), "erspan", 291, IN_FRAME))


def ip_tunnels():
    yield case("tunnel-ipip", "IPv4 in IPv4, IPv6 in IPv4 (6in4), IPv4 in IPv6, and a tunnel in a tunnel, of which the first one counts.",
               "RFC 2003; RFC 4213; RFC 2473",
               (over_ip(4, INNER), {**tunnel("ipip", proto=4), **IN4}),
               (over_ip(41, PACKET6), {**tunnel("ipip", proto=41), **INNER_IPV6, **INNER_TCP}),
               (frame(0x86DD, ipv6(4, INNER)), {**MACS, **IPV6, "proto": 4, "tunnel_type": "ipip", **IN4}),
               (over_ip(4, inner(4, PACKET)), {**tunnel("ipip", proto=4), **INNER_IPV4, "inner_proto": 4}))
    yield case("tunnel-etherip", "Ethernet in IP.", "RFC 3378",
               (over_ip(97, raw("3000") + INNER_FRAME), {**tunnel("etherip", proto=97), **IN_FRAME}))
    yield case("tunnel-l2tpv3", "L2TPv3 over IP, session 4242 with an Ethernet frame, without cookie; over UDP with a cookie of four bytes.",
               "RFC 3931",
               (over_ip(115, u32(4242) + INNER_FRAME), {**tunnel("l2tp", 4242, proto=115), **IN_FRAME}),
               (over_udp(1701, u16(3, 0) + u32(4242, 0xCAFE) + INNER_FRAME),
                {**tunnel("l2tp", 4242, proto=17, src_port=50000, dst_port=1701), **IN_FRAME}),
               note="Nothing in the packet says how long the cookie is; tshark takes what its preferences say.")


def udp_tunnels():
    def udp_tunnel(port, octets, kind, number, columns):
        return over_udp(port, octets), {**tunnel(kind, number, proto=17, src_port=50000, dst_port=port), **columns}

    yield case("tunnel-vxlan", "VXLAN 70000 at its port and at that of Linux; without the flag of its number it is none.", "RFC 7348",
               udp_tunnel(4789, vxlan(70000, INNER_FRAME), "vxlan", 70000, IN_FRAME),
               udp_tunnel(8472, vxlan(70000, INNER_FRAME), "vxlan", 70000, IN_FRAME),
               udp_tunnel(4789, u32(0, 70000 << 8) + INNER_FRAME, None, None, {}),
               note="tshark knows the port 8472 as OTV, and reads VXLAN at 4789 without its flag, too; the RFC says "
               "that the flag must be set.")
    yield case("tunnel-vxlan-gpe", "VXLAN-GPE 70000 with IPv4 and with Ethernet.", "draft-ietf-nvo3-vxlan-gpe-13",
               udp_tunnel(4790, u32(0x0C000001, 70000 << 8) + INNER, "vxlan", 70000, IN4),
               udp_tunnel(4790, u32(0x0C000003, 70000 << 8) + INNER_FRAME, "vxlan", 70000, IN_FRAME))
    yield case("tunnel-geneve", "Geneve 70000 with an Ethernet frame, and with an option and IPv4.", "RFC 8926",
               udp_tunnel(6081, geneve(70000, 0x6558, b"", INNER_FRAME), "geneve", 70000, IN_FRAME),
               udp_tunnel(6081, geneve(70000, 0x0800, raw("0103 01 01 aabbccdd"), INNER), "geneve", 70000, IN4))
    size = len(INNER)
    yield case("tunnel-gtp-u", "GTP-U: tunnel endpoint 2882400001, one with extension headers, one with a sequence number; an echo, which is "
               "no tunnel.", "3GPP TS 29.281",
               udp_tunnel(2152, u16(0x30FF, size) + u32(0xABCDEF01) + INNER, "gtpu", 0xABCDEF01, IN4),
               udp_tunnel(2152, u16(0x34FF, size + 8) + u32(5) + u16(0) + bytes([0, 0x85]) + raw("01 0009 00") + INNER, "gtpu", 5, IN4),
               udp_tunnel(2152, u16(0x32FF, size + 4) + u32(5) + u16(9, 0) + INNER, "gtpu", 5, IN4),
               udp_tunnel(2152, u16(0x3201, 4) + u32(0, 0), None, None, {}))
    yield case("tunnel-l2tpv2", "L2TPv2: tunnel 3, session 9, with IPv4 in PPP, one with length, sequence numbers and offset; a control message, "
               "which is no tunnel.", "RFC 2661",
               udp_tunnel(1701, u16(2, 3, 9) + PPP, "l2tp", 3 << 16 | 9, IN4),
               udp_tunnel(1701, u16(0x4A02, len(PPP) + 16, 3, 9) + u32(1) + u16(2, 0) + PPP, "l2tp", 3 << 16 | 9, IN4),
               udp_tunnel(1701, u16(0xC802, 12) + u32(0, 0), None, None, {}))
    yield case("tunnel-teredo", "Teredo: IPv6 in UDP, plain and behind authentication and origin indication.", "RFC 4380",
               udp_tunnel(3544, PACKET6, "teredo", None, {**INNER_IPV6, **INNER_TCP}),
               udp_tunnel(3544, raw("0001 00 00") + bytes(9) + raw("0000 0001 00000002") + PACKET6, "teredo", None,
                          {**INNER_IPV6, **INNER_TCP}))
    yield case("tunnel-gre-in-udp", "GRE in UDP, key 6.", "RFC 8086", udp_tunnel(4754, gre(0x2000, 0x0800, u32(6) + INNER), "gre", 6, IN4))
    yield case("tunnel-mpls-in-udp", "MPLS in UDP: labels 300 and 301.", "RFC 7510",
               udp_tunnel(6635, label(300, False, label(301, True, INNER)), "mpls", 301,
                          {**IN4, "mpls_label_1": 300, "mpls_label_2": 301, "mpls_ttl": 60}))
