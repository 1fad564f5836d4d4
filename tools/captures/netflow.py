"""NetFlow v1, v5, v7 and v9: versions, forms and life of templates."""

from captures.case import Case, at, record
from captures.wire import (EXPORT, data, netflow_v1, netflow_v5, netflow_v7, netflow_v9, options_v9, raw, template_record, template_v9,
                           a_set, u16, u32)

CISCO = "Cisco, NetFlow Export Datagram Format (NetFlow Collection Engine User Guide 5.0, appendix B)"
RFC3954 = "RFC 3954 section 5"

V1 = "8/4 12/4 15/4 10/2 14/2 2/4 1/4 22/4 21/4 7/2 11/2 210/2 4/1 5/1 6/1"
V5 = "8/4 12/4 15/4 10/2 14/2 2/4 1/4 22/4 21/4 7/2 11/2 210/1 6/1 4/1 5/1 16/2 17/2 9/1 13/1 210/2"
V7 = V5 + " 130/4"
V9 = "8/4 12/4 7/2 11/2 4/1 6/1 5/1 10/2 14/2 1/4 2/4 22/4 21/4"

WEB = dict(src_addr="192.0.2.10", dst_addr="198.51.100.20", src_port=49152, dst_port=443, proto=6, tcp_flags=27, ip_tos=40, in_if=3,
           out_if=4, bytes=54321, packets=61, time_flow_start=at(-12.5), time_flow_end=at(-2.25))
DNS = dict(src_addr="198.51.100.53", dst_addr="192.0.2.11", src_port=53, dst_port=50123, proto=17, tcp_flags=0, ip_tos=0, in_if=4,
           out_if=3, bytes=212, packets=1, time_flow_start=at(-7.001), time_flow_end=at(-7.001))
ROUTED = dict(next_hop="203.0.113.1", src_as=64500, dst_as=64501, src_net=24, dst_net=22)


def legacy(spec, row, extra=b"", **clock):
    """A record of NetFlow v1, v5 or v7: templates that are fixed."""
    given = {"210": [bytes(2)] if spec == V1 else [bytes(1), bytes(2)], "130": raw("c0000263")}
    return record(spec, row, given, **clock) + extra


def of_v1(row):
    return {**row, "next_hop": "203.0.113.1"}


def cases():
    yield from legacy_cases()
    yield from v9_forms()
    yield from v9_templates()


def legacy_cases():
    web, dns = {**WEB, **ROUTED}, {**DNS, **ROUTED, "next_hop": "203.0.113.9"}
    one = Case("v1-records-of-52-bytes", "NetFlow v1: two flows in records of 52 bytes.",
               "Extreme Networks, Packet over SONET Module Installation and User Guide, table 3-12: 11 bytes of padding",
               "tshark and nfdump read records of 48 bytes only: they find the first flow and garbage after it.")
    yield one.send(netflow_v1(*(legacy(V1, of_v1(r), bytes(11)) for r in (WEB, DNS))), of_v1(WEB), of_v1(DNS))
    one = Case("v1-records-of-48-bytes", "NetFlow v1: two flows in records of 48 bytes.",
               CISCO)
    yield one.send(netflow_v1(*(legacy(V1, of_v1(r), bytes(7)) for r in (WEB, DNS))), of_v1(WEB), of_v1(DNS))

    one = Case("v5-two-flows", "NetFlow v5: two flows; engine type 1, engine id 7; the header says 1 of 100 packets was sampled.", CISCO)
    yield one.send(netflow_v5(legacy(V5, web), legacy(V5, dns), engine=(1, 7), sampling=0x4000 | 100), web, dns, sampling_rate=100)
    ping = {**web, "proto": 1, "src_port": 0, "dst_port": 0x0301, "tcp_flags": 0}
    one = Case("v5-icmp-in-the-port", "NetFlow v5: an ICMP message has type 3 and code 1 in its destination port.", CISCO)
    yield one.send(netflow_v5(legacy(V5, ping)), {**ping, "icmp_type": 3, "icmp_code": 1})
    wrapped = {**web, "time_flow_start": at(-30), "time_flow_end": at(-1)}
    one = Case("v5-uptime-wraps", "NetFlow v5: the uptime passed 2^32 ms since the flow began, so the start is a larger number than the uptime.",
               CISCO + "; SysUptime wraps after 49.7 days")
    yield one.send(netflow_v5(legacy(V5, wrapped, uptime=5000), uptime=5000), wrapped)
    late = {**web, "time_flow_start": at(-9.751), "time_flow_end": at(-0.751)}
    one = Case("v5-nanoseconds", "NetFlow v5: the header's time has nanoseconds (0.249 s), which move the times of the flow.", CISCO)
    moved = {**late, "time_flow_start": at(-10), "time_flow_end": at(-1)}
    yield one.send(netflow_v5(legacy(V5, moved), nanoseconds=249_000_000), late)
    one = Case("v5-count-too-large", "NetFlow v5: the header counts three records, the datagram holds two.", CISCO)
    yield (one.send(netflow_v5(legacy(V5, web), legacy(V5, dns), count=3), web, dns).counts(anomalies={"count_mismatch": 1}))
    one = Case("v5-two-messages-in-a-datagram", "NetFlow v5: a relay put two messages into one datagram.",
               "exporters and relays in the field; the format itself knows one message",
               "tshark reads the first message only.")
    yield one.send(netflow_v5(legacy(V5, web)) + netflow_v5(legacy(V5, dns), sequence=1), web, dns)
    one = Case("v7-catalyst", "NetFlow v7 of a Catalyst switch: the router whose packets it forwarded stands at the end of each record.",
               CISCO)
    yield one.send(netflow_v7(legacy(V7, web), legacy(V7, dns)),
                   *({**r, "exporter_address": "192.0.2.99"} for r in (web, dns)))


def v9_forms():
    one = Case("v9-template-and-data", "NetFlow v9: template and two flows in one message; times from the uptime.", RFC3954)
    yield one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB), record(V9, DNS)), domain=42), WEB, DNS)

    spec = "27/16 28/16 31/4 64/4 7/2 11/2 4/1 178/1 179/1 29/1 30/1 62/16 63/16 1/8 2/8 22/4 21/4"
    row = dict(src_addr="2001:db8:1::10", dst_addr="2001:db8:2::20", ipv6_flow_label=0x12345, ipv6_extension_headers=0, src_port=0,
               dst_port=0, proto=58, icmp_type=129, icmp_code=0, src_net=48, dst_net=64, next_hop="2001:db8:ffff::1",
               bgp_next_hop="2001:db8:ffff::2", bytes=1 << 33, packets=1 << 26, time_flow_start=at(-60), time_flow_end=at(-1))
    one = Case("v9-ipv6", "NetFlow v9: an IPv6 flow with counters of eight bytes, next hops and ICMPv6.", RFC3954 + " and 8")
    yield one.send(netflow_v9(template_v9(260, spec), data(260, record(spec, row))), row)

    spec = "56/6 80/6 58/2 59/2 61/1 8/4 12/4 4/1 23/4 24/4 1/4 2/4"
    row = dict(src_mac="02:00:5e:10:00:01", dst_mac="02:00:5e:10:00:02", vlan_id=100, dst_vlan=200, flow_direction=1,
               src_addr="10.0.0.1", dst_addr="10.0.0.2", proto=47, post_bytes=900, post_packets=9, bytes=1000, packets=10)
    one = Case("v9-mac-vlan-direction", "NetFlow v9: MAC addresses, VLANs of both sides, direction, counters before and after.",
               "RFC 3954 section 8")
    yield one.send(netflow_v9(template_v9(261, spec), data(261, record(spec, row))), row)

    spec = "8/4 12/4 4/1 56/6 57/6 80/6 81/6"
    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", proto=6, src_mac="02:00:5e:10:00:56", post_dst_mac="02:00:5e:10:00:57",
               dst_mac="02:00:5e:10:00:80", post_src_mac="02:00:5e:10:00:81")
    one = Case("v9-four-mac-addresses", "NetFlow v9: source and destination MAC addresses of a packet as it came in and as it went out.",
               "RFC 3954 section 8, types 56, 57, 80, 81")
    yield one.send(netflow_v9(template_v9(265, spec), data(265, record(spec, row))), row)

    spec = "8/4 12/4 4/1 61/1 23/8 24/8"
    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", proto=6, flow_direction=1, post_bytes=123456, post_packets=99)
    with_both = "8/4 12/4 4/1 61/1 1/4 2/4 23/8 24/8"
    one = Case("v9-counters-behind-the-exporter",
               "NetFlow v9: counters as packets went out, alone; beside those as they came in, which are zero; the other way round.",
               "RFC 3954 section 8, types 23 and 24; FreeBSD's ng_netflow, which always has zeros there",
               "tshark (4.0.17) shows both counters, of which the row of the second record has the one that is not zero.")
    sent = [(dict(row, bytes=0, packets=0), dict(row, bytes=123456, packets=99)),
            (dict(row, bytes=1500, packets=10, post_bytes=0, post_packets=0), dict(row, bytes=1500, packets=10, post_bytes=0, post_packets=0))]
    yield one.send(netflow_v9(template_v9(266, spec), data(266, record(spec, row)), template_v9(267, with_both),
                              data(267, *(record(with_both, given) for given, _ in sent))),
                   dict(row, bytes=123456, packets=99), *(wanted for _, wanted in sent))

    spec = "70/3 71/3 72/3 46/1 47/4 8/4 12/4 1/4 2/4"
    row = dict(mpls_label_1=16001, mpls_label_2=24005, mpls_label_3=3, mpls_top_label_type=5, mpls_top_label_addr="203.0.113.7",
               src_addr="10.1.0.1", dst_addr="10.2.0.1", bytes=1500, packets=1)
    one = Case("v9-mpls-labels", "NetFlow v9: three MPLS labels of three bytes each, the top one bound by LDP.",
               "RFC 3954 section 8, types 46, 47, 70 to 72")
    yield one.send(netflow_v9(template_v9(262, spec), data(262, record(spec, row))), row)

    spec = "8/4 12/4 32/2 5/1 1/4 2/4"
    row = dict(src_addr="192.0.2.1", dst_addr="192.0.2.2", ip_tos=0, bytes=84, packets=1, icmp_type=8, icmp_code=0)
    one = Case("v9-icmp-type", "NetFlow v9: ICMP type and code in one field of two bytes (type 32).", "RFC 3954 section 8, type 32")
    yield one.send(netflow_v9(template_v9(263, spec), data(263, record(spec, row, {"32": raw("0800")}))), row)

    spec = "8/4 12/4 4/1 7/2 11/2 1/4 2/4"
    row = dict(src_addr="192.0.2.1", dst_addr="192.0.2.2", proto=1, src_port=0, dst_port=0x0301, bytes=84, packets=1, icmp_type=3, icmp_code=1)
    reply = dict(row, dst_port=0, icmp_type=0, icmp_code=0)
    one = Case("v9-icmp-in-the-port", "NetFlow v9: ICMP type and code in the destination port, as in v5: unreachable, and an echo reply.",
               CISCO + ", where v5 is described; v9 exporters in the field do the same")
    yield one.send(netflow_v9(template_v9(268, spec), data(268, record(spec, row), record(spec, reply))), row, reply)

    spec = "8/4 12/4 1/3 2/2 4/1"
    row = dict(src_addr="192.0.2.1", dst_addr="192.0.2.2", bytes=70000, packets=50, proto=6)
    one = Case("v9-padded-sets", "NetFlow v9: sets end with padding; counters of two and three bytes.", "RFC 3954 section 5.3")
    yield one.send(netflow_v9(template_v9(264, spec), data(264, record(spec, row)), data(264, record(spec, row))), row, row)

    one = Case("v9-two-messages-in-a-datagram", "NetFlow v9: two messages in one datagram.",
               "relays in the field; RFC 3954 knows one message",
               "tshark reads the first message only.")
    yield one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB))) + netflow_v9(data(256, record(V9, DNS)), sequence=2),
                   WEB, DNS)

    one = Case("v9-count-is-wrong", "NetFlow v9: the header counts one record where there are three.",
               "RFC 3954 section 5.1: the count has templates, too; exporters count only some of it",
               "tshark believes the count and stops after the template; weir believes the lengths of the sets.")
    yield (one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB), record(V9, DNS)), count=1), WEB, DNS)
           .counts(anomalies={"count_mismatch": 1}))


def v9_templates():
    one = Case("v9-two-templates-in-a-set", "NetFlow v9: one set announces two templates, data of both follow.", "RFC 3954 section 5.2")
    short = "8/4 12/4 1/4"
    row = dict(src_addr="192.0.2.5", dst_addr="192.0.2.6", bytes=99)
    both = a_set(0, template_record(256, V9) + template_record(257, short), 2)
    yield one.send(netflow_v9(both, data(257, record(short, row)), data(256, record(V9, WEB))), row, WEB)

    one = Case("v9-data-before-template", "NetFlow v9: data comes one message before its template, and is read by its own message's clock.",
               "RFC 3954 section 9: a collector may store data whose template it does not know")
    early = {**WEB, "time_flow_start": at(-5), "time_flow_end": at(-4)}
    later = {**DNS, "time_flow_start": at(50), "time_flow_end": at(55)}
    clock = dict(seconds=EXPORT + 60, uptime=3_660_000)
    yield (one.send(netflow_v9(data(256, record(V9, early))), early)
           .send(netflow_v9(template_v9(256, V9), data(256, record(V9, later, **clock)), sequence=2, **clock), later, time=61)
           .counts(anomalies={"missing_template": 1}))

    one = Case("v9-template-never-comes", "NetFlow v9: data of a template that nobody announces, beside data that can be read.",
               "RFC 3954 section 9")
    yield (one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB)), data(300, u32(1, 2, 3)))
                    , WEB).counts(undecodable_sets=1, anomalies={"missing_template": 1, "early_data_limit": 1}))

    one = Case("v9-template-redefined", "NetFlow v9: a template id gets other fields in the middle of a message; each flow is read by the "
               "definition of its time.", "RFC 3954 section 9", "tshark keeps one definition of an id for the whole capture.")
    row = dict(src_addr="192.0.2.5", dst_addr="192.0.2.6", bytes=99)
    yield (one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB)), template_v9(256, short), data(256, record(short, row))),
                    WEB, row).counts(anomalies={"template_redefined": 1}))

    one = Case("v9-template-id-by-source-id", "NetFlow v9: two source ids of one exporter use the same template id for different fields.",
               "RFC 3954 section 5.1: template ids are unique per exporter and source id")
    yield (one.send(netflow_v9(template_v9(256, V9), domain=1)).send(netflow_v9(template_v9(256, short), domain=2))
           .send(netflow_v9(data(256, record(V9, WEB)), domain=1, sequence=2), WEB)
           .send(netflow_v9(data(256, record(short, row)), domain=2, sequence=2), row))

    one = Case("v9-template-id-by-exporter", "NetFlow v9: two exporters use the same template id and source id for different fields.",
               "RFC 3954 section 5.1")
    yield (one.send(netflow_v9(template_v9(256, V9))).send(netflow_v9(template_v9(256, short)), exporter="192.0.2.2")
           .send(netflow_v9(data(256, record(V9, WEB)), sequence=2), WEB)
           .send(netflow_v9(data(256, record(short, row)), sequence=2), row, exporter="192.0.2.2"))

    one = Case("v9-options-beside-data", "NetFlow v9: an options record with statistics of the exporter is counted and is no flow.",
               "RFC 3954 section 6.1, types 40 to 42")
    table = options_v9(512, "1/4", "41/2 42/2")
    yield (one.send(netflow_v9(table, data(512, u32(0xC0000201) + u16(345, 10201)), template_v9(256, V9), data(256, record(V9, WEB))), WEB)
           .counts(option_records=1))

    one = Case("v9-lost-messages", "NetFlow v9: sequence numbers 1, 2 and 5: two messages are missing.",
               "RFC 3954 section 5.1: the sequence number counts messages")
    yield (one.send(netflow_v9(template_v9(256, V9), data(256, record(V9, WEB))), WEB)
           .send(netflow_v9(data(256, record(V9, DNS)), sequence=2), DNS)
           .send(netflow_v9(data(256, record(V9, DNS)), sequence=5), DNS)
           .counts(lost_units=2, anomalies={"sequence_gap": 1}))
