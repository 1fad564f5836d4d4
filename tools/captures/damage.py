"""Datagrams that are damaged, or were never right: what can be read of them is, and the rest is counted."""

from captures import ipfix_cases, netflow
from captures.case import Case, record
from captures.netflow import CISCO
from captures.wire import (Set, a_set, block, data, ip, ipfix, netflow_v5, netflow_v9, options, raw, sflow, template, template_record,
                           template_v9, text, u16, u32, u64, variable)

SHORT, SMALL = ipfix_cases.SHORT, ipfix_cases.SMALL
BYTES = record(SHORT, SMALL)


def unpadded(number, body, length=None):
    made = Set(u16(number, 4 + len(body) if length is None else length) + body)
    made.records = 1
    return made


def cases():
    yield from headers()
    yield from sets()
    yield from records()
    yield from templates()
    yield from lengths()


def headers():
    whole = netflow_v5(netflow.legacy(netflow.V5, {**netflow.WEB, **netflow.ROUTED}))
    one = Case("damaged-headers", "Headers cut short: NetFlow v1, v5, v7, v9, IPFIX, sFlow, and a datagram of one byte.",
               "each protocol's header")
    for payload in (whole[:23], raw("0001000100000000"), raw("0007") + bytes(20), raw("0009") + bytes(17), raw("000a0020") + bytes(10),
                    raw("00000005 00000001 0a000001") + bytes(12), b"\0"):
        one.send(payload)
    yield one.counts(datagrams_rejected=7, anomalies={"truncated_header": 7})

    one = Case("damaged-unknown-versions", "Datagrams of version 0, 2, 99 and 65535, and a text.",
               "version numbers in use: 1, 5 to 10; sFlow has a word of 32 bits")
    for payload in (bytes(24), raw("0002") + bytes(30), raw("0063") + bytes(30), raw("ffff") + bytes(30), b"GET / HTTP/1.1\r\n\r\n"):
        one.send(payload)
    yield one.counts(datagrams_rejected=5, anomalies={"unknown_version": 5})

    one = Case("damaged-cut-v5", "NetFlow v5: the datagram ends in its second record; the first one is read.", CISCO)
    row = {**netflow.WEB, **netflow.ROUTED}
    both = netflow_v5(netflow.legacy(netflow.V5, row), netflow.legacy(netflow.V5, row))
    yield one.send(both[:-20], row).counts(anomalies={"count_mismatch": 1, "trailing_bytes": 1})


def sets():
    good = ipfix(template(256, SHORT), data(256, BYTES))
    one = Case("damaged-length-beyond-datagram", "IPFIX: the message claims 100 bytes more than arrived; what arrived is read.",
               "RFC 7011 section 3.1, Length")
    yield one.send(good[:2] + u16(len(good) + 100) + good[4:], SMALL).counts(anomalies={"length_beyond_datagram": 1})
    one = Case("damaged-trailing-bytes", "IPFIX: four bytes behind the message.", "RFC 7011 section 3.1, Length")
    yield one.send(good + raw("00000001"), SMALL).counts(anomalies={"trailing_bytes": 1})
    one = Case("damaged-set-lengths", "IPFIX: a set length of 3, of 0 and beyond the message: the sets before it are read.",
               "RFC 7011 section 3.3.2")
    for index, last in enumerate((unpadded(256, raw("00000001"), 3), unpadded(256, raw("00000001"), 0),
                                  unpadded(300, raw("00000001"), 400))):
        one.send(ipfix(template(256, SHORT), data(256, BYTES), last, domain=index), SMALL)
    yield one.counts(anomalies={"bad_set_length": 3, "missing_template": 1, "early_data_limit": 1}, undecodable_sets=1)
    one = Case("damaged-set-length-v9", "NetFlow v9: a set length of 2: the set before it is read, what follows is not.",
               "RFC 3954 section 5.2")
    yield (one.send(netflow_v9(template_v9(256, SHORT), data(256, BYTES), unpadded(256, BYTES, 2), count=2),
                    SMALL).counts(anomalies={"bad_set_length": 1}))
    one = Case("damaged-reserved-sets", "IPFIX: sets of ids 4 and 255, and NetFlow v9's ids 0 and 1, beside data.",
               "RFC 7011 section 3.3.2: ids 0, 1 and 4 to 255 are not used")
    reserved = [a_set(n, u32(1), 0) for n in (4, 255, 0, 1)]
    yield one.send(ipfix(*reserved, template(256, SHORT), data(256, BYTES)), SMALL).counts(anomalies={"reserved_set_id": 4})
    one = Case("damaged-padding", "IPFIX: padding of a data set that is not zero.",
               "RFC 7011 section 3.3.1: padding is zero and shorter than any record")
    yield (one.send(ipfix(template(256, SHORT), unpadded(256, BYTES + raw("000001"))), SMALL).counts(anomalies={"bad_padding": 1}))


def records():
    spec = "8/4 12/4 1/4 82/v"
    whole = BYTES + variable(b"eth0")
    row = {**SMALL, "other": {"interfaceName": "eth0"}}
    one = Case("damaged-cut-record", "IPFIX: a text of variable length runs over the end of its set: the record before it is read, the set "
               "after it, too.",
               "RFC 7011 section 7")
    cut = unpadded(256, whole + BYTES + b"\xc8" + b"abc")
    yield (one.send(ipfix(template(256, spec), template(257, SHORT), cut, data(257, BYTES)), row,
                    SMALL).counts(anomalies={"truncated_record": 1}))
    one = Case("damaged-set-shorter-than-a-record", "IPFIX: a data set that holds less than one record.", "RFC 7011 section 3.3.2")
    yield one.send(ipfix(template(256, SHORT), unpadded(256, BYTES[:6]), data(256, BYTES)), SMALL).counts(anomalies={"truncated_record": 1})


def templates():
    one = Case("damaged-templates", "IPFIX: a template with id 200, one with two bytes of its last field missing; the one between them works.",
               "RFC 7011 section 3.4.1: ids are 256 and above")
    cut = unpadded(2, template_record(258, SHORT)[:-2])
    yield (one.send(ipfix(a_set(2, template_record(200, SHORT), 1), template(256, SHORT), cut, data(256, BYTES)), SMALL)
           .counts(anomalies={"bad_template": 1, "truncated_template": 1}))
    one = Case("damaged-options-template", "IPFIX: options templates with a scope of no field and with more scope fields than fields.",
               "RFC 7011 section 3.4.2.2: the scope count must not be zero")
    none = a_set(3, u16(300, 1, 0, 34, 4), 1)
    many = a_set(3, u16(301, 1, 2, 34, 4), 1)
    yield one.send(ipfix(none, many, template(256, SHORT), data(256, BYTES)), SMALL).counts(anomalies={"bad_template": 2})
    one = Case("damaged-template-without-bytes",
               "IPFIX: a template whose fields have no bytes, so that a set could hold any number of records.",
               "RFC 7011 section 3.4.1; a denial of service in collectors that divide by the length of a record")
    yield one.send(ipfix(template(300, "1/0 2/0"), template(256, SHORT), data(256, BYTES)), SMALL).counts(anomalies={"bad_template": 1})


def lengths():
    spec = "8/4 12/4 7/4 4/2 1/4"
    one = Case("damaged-values-beyond-their-columns",
               "IPFIX: a port of 70000 and a protocol of 256, in fields that are too wide: left null.",
               "RFC 7011 section 6.2; a port has 16 bits, a protocol 8", "tshark shows the numbers as they are.")
    good = dict(SMALL, src_port=80, proto=6)
    bad = dict(SMALL)
    yield (one.send(ipfix(template(256, spec), data(256, record(spec, good), record(spec, bad, {"7": u32(70000), "4": u16(256)}))), good,
                    bad)
           .counts(anomalies={"value_out_of_range": 2}))
    spec = "8/5 12/4 56/4 1/4"
    one = Case("damaged-lengths-of-elements", "IPFIX: an IPv4 address in five bytes and a MAC address in four: left null.",
               "RFC 7011 section 6.1: addresses have one length",
               "tshark shows the first four bytes as the address, calls it malformed and stops.")
    row = dict(dst_addr="192.0.2.6", bytes=99)
    yield (one.send(ipfix(template(256, spec), data(256, record(spec, row, {"8": raw("c000020500"), "56": bytes(4)}))), row)
           .counts(anomalies={"bad_field_length": 2}))
    spec = "8/4 12/4 1/4 485/v"
    one = Case("damaged-list", "IPFIX: a basicList of communities with three bytes each, which no community has.",
               "RFC 6313 section 4.5.1, RFC 8549")
    content = bytes([3]) + u16(483, 3) + raw("fde800")
    yield (one.send(ipfix(template(256, spec), data(256, record(spec, SMALL, {"485": content}))), SMALL).counts(anomalies={"bad_list": 1}))
