"""IPFIX: forms of values, lists, life of templates, files."""

import struct

from captures.case import Case, at, record
from captures.wire import EXPORT, a_set, data, ip, ipfix, number, options, raw, template, template_record, u16, u32, u64, variable

RFC = "RFC 7011"
FLOW = "8/4 12/4 7/2 11/2 4/1 6/2 152/8 153/8 1/8 2/8 10/4 14/4 136/1"
WEB = dict(src_addr="192.0.2.10", dst_addr="198.51.100.20", src_port=49152, dst_port=443, proto=6, tcp_flags=0x1B, in_if=3, out_if=4,
           bytes=54321, packets=61, time_flow_start=at(-12.5), time_flow_end=at(-2.25), flow_end_reason=3)
DNS = dict(src_addr="198.51.100.53", dst_addr="192.0.2.11", src_port=53, dst_port=50123, proto=17, tcp_flags=0, in_if=4, out_if=3,
           bytes=212, packets=1, time_flow_start=at(-7.001), time_flow_end=at(-7.001), flow_end_reason=1)
SHORT = "8/4 12/4 1/4"
SMALL = dict(src_addr="192.0.2.5", dst_addr="192.0.2.6", bytes=99)


def flow(row):
    return record(FLOW, row)


def small(row):
    return record(SHORT, row)


def cases():
    yield from forms()
    yield from values()
    yield from lists()
    yield from templates()
    yield from files()


def forms():
    message = raw("000a 0098 5ad2fd00 00000000 00000007"
                  "0002 001c 0100 0005 0008 0004 000c 0004 000f 0004 0002 0004 0001 0004"
                  "0100 0040 c000020c c00002fe c0000201 00001391 00518c81 c000021b c0000217 c0000202 000002ec 0005ef46"
                  "c0000238 c0000241 c0000203 00000005 00001986"
                  "0003 0018 0102 0003 0001 008d 0004 0029 0002 002a 0002 0000"
                  "0102 0014 00000001 0159 27d9 00000002 02b2 4fb2")
    rows = [dict(src_addr=f"192.0.2.{s}", dst_addr=f"192.0.2.{d}", next_hop=f"192.0.2.{h}", packets=p, bytes=b)
            for s, d, h, p, b in ((12, 254, 1, 5009, 5344385), (27, 23, 2, 748, 388934), (56, 65, 3, 5, 6534))]
    one = Case("ipfix-example-of-the-rfc", "IPFIX: the example of RFC 7011: template, three flows, options template, two options records.",
               "RFC 7011 appendix A", "The RFC's figure has the export time that it says is 2018-04-15.")
    yield one.send(message, *rows).counts(option_records=2)

    one = Case("ipfix-template-and-data", "IPFIX: template and two flows in one message.", RFC)
    yield one.send(ipfix(template(256, FLOW), data(256, flow(WEB), flow(DNS)), domain=99), WEB, DNS)

    spec = "27/16 28/16 7/2 11/2 4/1 31/3 62/16 192/1 150/4 151/4 85/8 86/8"
    row = dict(src_addr="2001:db8:1::10", dst_addr="2001:db8:2::20", src_port=5353, dst_port=5353, proto=17, ipv6_flow_label=0xABCDE,
               next_hop="fe80::1", ip_ttl=255, time_flow_start=at(-9), time_flow_end=at(-8), bytes=1200, packets=3)
    one = Case("ipfix-ipv6", "IPFIX: an IPv6 flow with total counters and times in seconds.", "RFC 7011, RFC 5102 sections 5.4, 5.9, 5.10")
    yield one.send(ipfix(template(300, spec), data(300, record(spec, row))), row)

    one = Case("ipfix-two-messages-in-a-datagram", "IPFIX: two messages in one datagram.",
               "relays in the field; RFC 7011 section 10.3.3 wants one message in a datagram",
               "tshark reads the first message only.")
    yield one.send(ipfix(template(256, FLOW), data(256, flow(WEB))) + ipfix(data(256, flow(DNS)), sequence=1), WEB, DNS)

    one = Case("ipfix-lost-records", "IPFIX: the sequence number says that five records are missing.",
               "RFC 7011 section 3.1: the sequence number counts data records")
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB), flow(DNS))), WEB, DNS)
           .send(ipfix(data(256, flow(WEB)), sequence=2), WEB).send(ipfix(data(256, flow(DNS)), sequence=8), DNS)
           .counts(lost_units=5, anomalies={"sequence_gap": 1}))


def values():
    one = Case("ipfix-times-in-every-unit", "IPFIX: the same second as seconds, milliseconds, microseconds, nanoseconds and as a "
               "difference to the export time.", "RFC 7011 sections 6.1.7 to 6.1.10: micro- and nanoseconds are NTP timestamps")
    start, end = at(-10.5), at(-1)
    sets, rows = [], []
    for index, (spec, times) in enumerate((("150/4 151/4", (at(-11), end)), ("152/8 153/8", (start, end)), ("154/8 155/8", (start, end)),
                                           ("156/8 157/8", (start, end)))):
        spec = "8/4 12/4 1/4 " + spec
        row = dict(SMALL, src_addr=f"192.0.2.{index + 1}", time_flow_start=times[0], time_flow_end=times[1])
        sets += [template(256 + index, spec), data(256 + index, record(spec, row))]
        rows.append(row)
    spec = "8/4 12/4 1/4 158/4 159/4"
    row = dict(SMALL, time_flow_start=start, time_flow_end=end)
    sets += [template(270, spec), data(270, record(spec, row, {"158": u32(10_500_000), "159": u32(1_000_000)}))]
    yield one.send(ipfix(*sets), *rows, row)

    spec = "8/4 12/4 1/4 371/v 7/2"
    rows = [dict(SMALL, user_name=name, src_port=index) for index, name in enumerate(("alice", "u" * 300, "Zoë", None), 1)]
    parts = [small(r) + variable((r["user_name"] or "").encode()) + u16(r["src_port"]) for r in rows]
    parts[2] = small(rows[2]) + variable("Zoë".encode(), long=True) + u16(3)
    one = Case("ipfix-variable-length", "IPFIX: texts of variable length: 5 bytes, 300 bytes (length in three bytes), 4 bytes with a length in "
               "three bytes, none.", "RFC 7011 section 7")
    yield one.send(ipfix(template(256, spec), data(256, *parts)), *rows)

    sets, rows = [], []
    for size in range(1, 9):
        spec = f"8/4 12/4 1/{size} 2/{size} 4/1"
        row = dict(src_addr="192.0.2.7", dst_addr="192.0.2.8", proto=6, bytes=(1 << (8 * size)) - size, packets=1 << (8 * size - 1))
        sets += [template(256 + size, spec), data(256 + size, record(spec, row))]
        rows.append(row)
    one = Case("ipfix-reduced-size", "IPFIX: 64-bit counters in one to eight bytes.", "RFC 7011 section 6.2: reduced-size encoding")
    yield one.send(ipfix(*sets), *rows)

    spec = "8/4 12/4 10/2 14/1 16/2 17/4 5/2 4/2 6/1 52/2"
    row = dict(src_addr="192.0.2.7", dst_addr="192.0.2.8", in_if=65535, out_if=255, src_as=64500, dst_as=4200000000, ip_tos=184, proto=17,
               tcp_flags=0x12, ip_ttl=64)
    one = Case("ipfix-lengths-of-exporters",
               "IPFIX: interfaces in one and two bytes, AS numbers in two and four, small values in two bytes.",
               "RFC 7011 section 6.2; wider fields than the element has are no reduced size, but exporters send them")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row))), row)

    spec = "8/4 12/4 1/8 2/8 6/1 29305.1/8 29305.2/8 29305.6/1 239/1"
    row = dict(src_addr="192.0.2.10", dst_addr="198.51.100.20", bytes=1000, packets=10, tcp_flags=0x1B, reverse_bytes=90000,
               reverse_packets=70,
               reverse_tcp_flags=0x13, biflow_direction=1)
    one = Case("ipfix-biflow", "IPFIX: a biflow: counters and flags of the reverse direction under enterprise 29305.", "RFC 5103 section 6")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row))), row)

    spec = "8/4 12/4 1/4 99999.7/4 99999.8/v 210/3"
    row = dict(SMALL, other={"99999:7": "0000beef", "99999:8": "cafe"})
    one = Case("ipfix-unknown-enterprise",
               "IPFIX: elements of an enterprise that nobody knows, of fixed and of variable length, and padding.",
               "RFC 7011 section 3.2: the enterprise bit")
    yield one.send(ipfix(template(256, spec), data(256,
                                                   record(spec, row, {"99999.7": u32(0xBEEF), "99999.8": raw("cafe"), "210": bytes(3)}))),
                   row)

    spec = "8/4 12/4 1/4 276/1 311/8 320/8 434/4 434/2 82/v 313/v 94/v 44/4 170/16 198/8 258/8"
    given = {"276": raw("01"), "311": struct.pack("!d", 0.25), "320": struct.pack("!d", 12.5),
             "434": [number((1 << 32) - 5, 4), number((1 << 16) - 7, 2)],
             "82": b"eth0", "313": raw("4500"), "94": "caf\u00e9".encode(), "44": ip("192.0.2.99"), "170": ip("2001:db8::99"),
             "198": u64(77), "258": u64(1_700_000_000_123)}
    row = dict(SMALL, other={"dataRecordsReliability": True, "samplingProbability": 0.25, "absoluteError": 12.5,
                             "mibObjectValueInteger": -5, "mibObjectValueInteger#2": -7,
                             "interfaceName": "eth0", "ipHeaderPacketSection": "4500", "applicationDescription": "caf\u00e9",
                             "sourceIPv4Prefix": "192.0.2.99", "sourceIPv6Prefix": "2001:db8::99", "octetDeltaSumOfSquares": 77,
                             "collectionTimeMilliseconds": "2023-11-14T22:13:20.123000Z"})
    one = Case("ipfix-every-type", "IPFIX: one element of every abstract type, without a column of its own: boolean, floating point, signed, text, "
               "bytes, addresses, time.", "RFC 7011 section 6.1")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row, given))), row)

    spec = "130/4 8/4 12/4 1/4"
    row = dict(SMALL, exporter_address="192.0.2.111")
    one = Case("ipfix-exporter-behind-a-relay", "IPFIX: a relay names the exporter in each record; 0.0.0.0 is none.",
               "IANA elements 130 and 131; nfdump issue 248")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row, {"130": ip("192.0.2.111")}),
                                                   record(spec, SMALL, {"130": bytes(4)}))), row, SMALL)

    spec = "8/4 12/4 1/4 61/1 9/1 58/2"
    one = Case("ipfix-values-beyond-their-elements",
               "IPFIX: a direction of 255, a prefix of 33 bits and a VLAN of 4096, which do not exist: left null.",
               "IANA elements 61, 9, 58", "tshark (4.0.17) shows these numbers as they are.")
    bad = {"61": b"\xff", "9": b"\x21", "58": u16(4096)}
    good = dict(SMALL, flow_direction=1, src_net=32, vlan_id=4095)
    yield one.send(ipfix(template(256, spec), data(256, record(spec, SMALL, bad), record(spec, good))), SMALL, good).counts(
        anomalies={"value_out_of_range": 4})

    spec = "225/4 226/4 227/2 228/2 8/4 12/4 7/2 11/2 4/1 230/1 229/1 297/1 283/4 284/v 323/8"
    row = dict(post_nat_src_addr="203.0.113.9", post_nat_dst_addr="198.51.100.20", post_nat_src_port=1024, post_nat_dst_port=443,
               src_addr="10.0.0.1", dst_addr="198.51.100.20", src_port=40000, dst_port=443, proto=6, nat_event=4, nat_originating_realm=1,
               nat_type=1,
               nat_pool_id=7, nat_pool_name="pool-7", time_flow_end=at(-0.5))
    one = Case("ipfix-nat-event", "IPFIX: a NAT44 session is created: addresses and ports before and after.", "RFC 8158 section 5.4")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row))), row)

    spec = "323/8 230/1 8/4 225/4 361/2 362/2 363/2 364/2 234/4"
    row = dict(nat_event=16, src_addr="10.0.0.1", post_nat_src_addr="203.0.113.9", port_block_start=1024, port_block_end=1535,
               port_block_step=1,
               port_block_size=512, ingress_vrf_id=2, time_flow_end=at(-0.5))
    one = Case("ipfix-nat-port-block", "IPFIX: a block of ports is allocated to an inside address.",
               "RFC 8158 section 5.11 (port block allocation)")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row))), row)

    spec = "8/4 12/4 1/4 365/6 366/4 367/6 147/v 146/1"
    row = dict(SMALL, sta_mac="02:00:5e:20:00:01", sta_addr="10.9.9.9", wtp_mac="02:00:5e:20:00:02", wlan_ssid="guests", wlan_channel=11)
    one = Case("ipfix-wireless", "IPFIX: station, access point, SSID and channel of a wireless flow.",
               "IANA IPFIX registry, elements 146, 147, 365 to 367")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row))), row)


def basic_list(semantic, element, length, *values):
    return bytes([semantic]) + u16(element, length) + b"".join(values)


def lists():
    spec = "8/4 12/4 1/4 291/v"
    row = dict(SMALL, other={"basicList": {"semantic": "allOf", "element": "sourceTransportPort", "values": [80, 443, 8080]}})
    one = Case("ipfix-basic-list", "IPFIX: a basicList of three ports.", "RFC 6313 section 4.5.1")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row, {"291": basic_list(3, 7, 2, u16(80), u16(443), u16(8080))}))),
                   row)

    spec = "8/4 12/4 1/4 292/v"
    inner = "8/4 7/2"
    row = dict(SMALL, other={"subTemplateList": {"semantic": "ordered", "template": 300, "records": [
        {"sourceIPv4Address": "10.0.0.1", "sourceTransportPort": 1}, {"sourceIPv4Address": "10.0.0.2", "sourceTransportPort": 2}]}})
    content = bytes([4]) + u16(300) + ip("10.0.0.1") + u16(1) + ip("10.0.0.2") + u16(2)
    one = Case("ipfix-sub-template-list", "IPFIX: a subTemplateList of two records.", "RFC 6313 section 4.5.2",
               "tshark shows the fields of the list's records among those of the flow.")
    yield one.send(ipfix(template(300, inner), template(256, spec), data(256, record(spec, row, {"292": content}))), row)

    spec = "8/4 12/4 1/4 293/v"
    content = bytes([255]) + u16(300, 4 + 6) + ip("10.0.0.1") + u16(1) + u16(301, 4 + 5) + variable(b"name")
    row = dict(SMALL, other={"subTemplateMultiList": {"semantic": "undefined", "lists": [
        {"template": 300, "records": [{"sourceIPv4Address": "10.0.0.1", "sourceTransportPort": 1}]},
        {"template": 301, "records": [{"interfaceName": "name"}]}]}})
    one = Case("ipfix-sub-template-multi-list", "IPFIX: a subTemplateMultiList with records of two templates.", "RFC 6313 section 4.5.3")
    yield one.send(ipfix(template(300, inner), template(301, "82/v"), template(256, spec), data(256, record(spec, row, {"293": content}))),
                   row)

    spec = "8/4 12/4 1/4 485/v 488/v 491/v"
    given = {"485": basic_list(3, 483, 4, u32(0xFDE80001), u32(0xFDE80002)),
             "488": basic_list(3, 486, 8, raw("0002fde800000007"), raw("0103c00002010008")),
             "491": basic_list(3, 489, 12, u32(65536, 1, 2))}
    row = dict(SMALL, bgp_communities="65000:1 65000:2 rt:65000:7 soo:192.0.2.1:8 65536:1:2")
    one = Case("ipfix-bgp-communities", "IPFIX: standard, extended and large BGP communities of the destination in basicLists.",
               "RFC 8549 section 5")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row, given))), row)

    spec = "27/16 28/16 497/32 498/1 495/16 1/4"
    row = dict(src_addr="2001:db8::1", dst_addr="2001:db8::2", bytes=1280, srv6_segments="2001:db8::53 2001:db8::52", srv6_segments_left=1,
               srv6_active_segment="2001:db8::52")
    one = Case("ipfix-srv6-segments", "IPFIX: the segment list of an SRv6 header.", "RFC 9487 section 5")
    yield one.send(ipfix(template(256, spec), data(256, record(spec, row, {"497": ip("2001:db8::53") + ip("2001:db8::52")}))), row)


def templates():
    one = Case("ipfix-template-redefined", "IPFIX over UDP: a template id gets other fields in the middle of a message.",
               "RFC 7011 section 8.4: over UDP a new definition replaces the old one",
               "tshark keeps one definition of an id for the whole capture.")
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB)), template(256, SHORT), data(256, small(SMALL))), WEB, SMALL)
           .counts(anomalies={"template_redefined": 1}))

    one = Case("ipfix-template-repeated", "IPFIX over UDP: a template is sent again with each message, unchanged.", "RFC 7011 section 8.4")
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB))),
                    WEB).send(ipfix(template(256, FLOW), data(256, flow(DNS)), sequence=1), DNS))

    one = Case("ipfix-template-withdrawn", "IPFIX: one of two templates is withdrawn over UDP: that is ignored, as anybody could do so.",
               "RFC 7011 section 8.1; over UDP it must not be sent (8.4)")
    yield (one.send(ipfix(template(256, FLOW), template(257, SHORT), data(256, flow(WEB)), data(257, small(SMALL))), WEB, SMALL)
           .send(ipfix(a_set(2, u16(256, 0), 1), data(256, flow(DNS)), data(257, small(SMALL)), sequence=2), DNS, SMALL)
           .counts(anomalies={"withdrawal_ignored": 1}))

    one = Case("ipfix-data-before-template", "IPFIX: data comes a message before its template.",
               "RFC 7011 section 8: a collector may keep such data")
    yield (one.send(ipfix(data(256, flow(WEB))), WEB)
           .send(ipfix(template(256, FLOW), data(256, flow(DNS)), sequence=1, seconds=EXPORT + 1), DNS)
           .counts(anomalies={"missing_template": 1}))

    one = Case("ipfix-two-domains", "IPFIX: two observation domains use one template id for different fields.", "RFC 7011 section 3.4.1")
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB)), domain=1), WEB)
           .send(ipfix(template(256, SHORT), data(256, small(SMALL)), domain=2), SMALL)
           .send(ipfix(data(256, flow(DNS)), domain=1, sequence=1), DNS))

    one = Case("ipfix-several-templates-in-a-set", "IPFIX: a set with two templates, data of both, an empty data set.",
               "RFC 7011 section 3.3.2")
    both = a_set(2, template_record(256, FLOW) + template_record(257, SHORT), 2)
    yield one.send(ipfix(both, data(257, small(SMALL)), data(256, flow(WEB), pad=False), data(257)), SMALL, WEB)

    one = Case("ipfix-template-of-many-fields", "IPFIX: a template of 60 fields, most of them padding or repeated.",
               "RFC 7011 section 3.4.1")
    spec = SHORT + " 210/1" * 57
    yield one.send(ipfix(template(256, spec), data(256, record(spec, SMALL, {"210": [bytes(1)] * 57}))), SMALL)


def files():
    one = Case("ipfix-file", "IPFIX file: template, flows, options record, a second message.", "RFC 5655", file=True)
    table = options(300, "149/4", "34/4")
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB))), WEB)
           .send(ipfix(table, data(300, u32(0, 1000)), data(256, flow(DNS)), sequence=1), {**DNS, "sampling_rate": 1000})
           .counts(option_records=1))

    one = Case("ipfix-file-with-withdrawal",
               "IPFIX file: a template is withdrawn and its id used anew, as a transport that keeps order allows.",
               "RFC 5655 section 5; RFC 7011 section 8.1",
               "tshark keeps one definition of an id for the whole file.", file=True)
    yield (one.send(ipfix(template(256, FLOW), data(256, flow(WEB))), WEB)
           .send(ipfix(a_set(2, u16(256, 0), 1), template(256, SHORT), data(256, small(SMALL)), sequence=1), SMALL)
           .counts(anomalies={"template_withdrawn": 1}))
