"""What other projects' own tests say about their captures (NAME.expected.json beside the corpus captures), against `weir decode`:
each record that they expect is among ours, value by value. Where we differ, the reason is here with the bytes."""

import collections
import datetime
import gzip
import json
import re
import tempfile
import unittest

from weir_process import corpus, rows, weir

CORPUS = corpus()

# Their names of NetFlow elements -> ours, those of the IANA registry.
NAMES = {
    "in_bytes": "octetDeltaCount", "in_pkts": "packetDeltaCount", "in_packets": "packetDeltaCount", "protocol": "protocolIdentifier",
    "src_tos": "ipClassOfService", "tcp_flags": "tcpControlBits", "l4_src_port": "sourceTransportPort",
    "l4_dst_port": "destinationTransportPort", "src_port": "sourceTransportPort", "dst_port": "destinationTransportPort",
    "ipv4_src_addr": "sourceIPv4Address", "ipv4_dst_addr": "destinationIPv4Address", "src_mask": "sourceIPv4PrefixLength",
    "dst_mask": "destinationIPv4PrefixLength", "input_snmp": "ingressInterface", "output_snmp": "egressInterface",
    "in_snmp": "ingressInterface", "out_snmp": "egressInterface", "ipv4_next_hop": "ipNextHopIPv4Address", "next_hop": "ipNextHopIPv4Address",
    "src_as": "bgpSourceAsNumber", "dst_as": "bgpDestinationAsNumber", "bgp_src_as": "bgpSourceAsNumber",
    "bgp_dst_as": "bgpDestinationAsNumber", "bgp_ipv4_next_hop": "bgpNextHopIPv4Address", "ip_protocol_version": "ipVersion",
    "ip_version": "ipVersion", "src_vlan": "vlanId", "dst_vlan": "postVlanId", "direction": "flowDirection", "conn_id": "flowId",
    "icmp_type": ("icmpTypeIPv4", "icmpTypeCodeIPv4"), "icmp_code": ("icmpCodeIPv4", "icmpTypeCodeIPv4"),
    "fw_event": ("firewallEvent", "fwEvent"),
    "xlate_src_addr_ipv4": ("postNATSourceIPv4Address", "xlateSrcAddrIpv4"), "xlate_dst_addr_ipv4": ("postNATDestinationIPv4Address", "xlateDstAddrIpv4"),
    "xlate_src_port": ("postNAPTSourceTransportPort", "xlateSrcPort"), "xlate_dst_port": ("postNAPTDestinationTransportPort", "xlateDstPort"),
    "event_time_msec": "observationTimeMilliseconds", "in_permanent_bytes": "octetTotalCount", "flow_start_msec": "flowStartMilliseconds",
    "if_desc": "interfaceDescription", "flow_sampler_id": "samplerId", "ipv4_src_prefix": "sourceIPv4Prefix",
    "tcp_src_port": "tcpSourcePort", "udp_dst_port": "udpDestinationPort", "ip_dscp": "ipDiffServCodePoint",
    "ipv4_ident": "fragmentIdentification", "in_dst_mac": "destinationMacAddress", "in_src_mac": "sourceMacAddress",
    "out_src_mac": "postSourceMacAddress", "out_dst_mac": "postDestinationMacAddress", "application_name": "applicationName",
    "application_description": "applicationDescription", "app_name": "applicationName", "app_desc": "applicationDescription",
    "total_bytes_exp": "exportedOctetTotalCount", "total_flows_exp": "exportedFlowRecordTotalCount",
    "total_pkts_exp": "exportedMessageTotalCount", "flow_active_timeout": "flowActiveTimeout", "flow_inactive_timeout": "flowIdleTimeout",
    "sampling_interval": "samplingInterval", "sampling_algorithm": "samplingAlgorithm", "out_pkts": "postPacketDeltaCount",
    "out_bytes": "postOctetDeltaCount", "flows": "deltaFlowCount", "src_traffic_index": "srcTrafficIndex", "dst_traffic_index": "dstTrafficIndex",
    "rev_flow_delta_bytes": "responderOctets", "engine_type": "engineType", "engine_id": "engineId", "dst_tos": "postIpClassOfService",
    "l7_proto": "L7_PROTO", "flow_start_ms": "flowStartMilliseconds", "flow_end_ms": "flowEndMilliseconds",
    "flow_start": "flowStartSeconds", "flow_end": "flowEndSeconds", "src": ("sourceIPv4Address", "sourceIPv6Address"),
    "dst": ("destinationIPv4Address", "destinationIPv6Address"), "app_latency_ms": "APPL_LATENCY_MS",
    "client_nw_latency_ms": "CLIENT_NW_LATENCY_MS", "server_nw_latency_ms": "SERVER_NW_LATENCY_MS",
    "retransmitted_in_bytes": "RETRANSMITTED_IN_BYTES", "retransmitted_out_bytes": "RETRANSMITTED_OUT_BYTES",
    "retransmitted_in_pkts": "RETRANSMITTED_IN_PKTS", "retransmitted_out_pkts": "RETRANSMITTED_OUT_PKTS", "ja3c_hash": "JA3C_HASH",
    "ja3s_hash": "JA3S_HASH", "ssl_cipher": "TLS_CIPHER", "ssl_unsafe_cipher": "TLS_UNSAFE_CIPHER", "ssl_version": "TLS_VERSION",
    "ssl_server_name": "SSL_SERVER_NAME", "netscalerUnknown330": "5951:330", "username": "aaaUsername",
    "fw_ext_event": "fwExtEvent", "scope_system": "scope", "application_id": "applicationId", "app_id": "applicationId",
    "forwarding_status": "forwardingStatus", "ingress_acl_id": "ingressAclId", "egress_acl_id": "egressAclId",
}
# What describes the message, not the record; and what a project computed from several fields in its own way.
NOT_ELEMENTS = {"version", "flow_seq_num", "flowset_id", "flow_records", "sys_uptime", "seq_number", "fwd_status", "fwd_reason"}
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv4": 4, "ipv6": 41, "icmp6": 58, "ipv6icmp": 58, "igmp": 2, "gre": 47, "sctp": 132,
             "ipv6-icmp": 58, "pim": 103, "ospfigp": 89, "hopopt": 0, "esp": 50, "rsvp": 46, "ipv6nonxt": 59}


def load(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        return json.load(file)


def decode(path):
    """Our records, without the summary."""
    lines = [json.loads(line) for line in weir("decode", path, "-o", "ndjson").splitlines()]
    return [line for line in lines if "record" in line]


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def forms(value):
    """The ways in which one of our values may be written elsewhere."""
    if isinstance(value, bool):
        return {str(value).lower(), str(int(value))}
    if isinstance(value, (int, float)):
        return {str(value)}
    if isinstance(value, dict):
        return set().union(*(forms(v) for v in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(forms(v) for v in value)) if value else set()
    text = str(value)
    found = {text, text.lower()}
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text):
        ms = milliseconds(text)
        found |= {str(ms), str(ms // 1000)}
    if re.fullmatch(r"[0-9a-f]+", text) and len(text) % 2 == 0:  # bytes
        found |= {str(int(text, 16)), "0x" + text, "-".join(text[i:i + 8] for i in range(0, len(text), 8))}
        found.add(f"{int(text[:2], 16)}..{int(text[2:] or '0', 16)}")  # an application id: engine and selector
    if re.fullmatch(r"\d+:\d+", text):  # application id
        found.add(text.replace(":", ".."))
    return found


def expected_forms(name, value):
    """The ways in which one of their values may be in our output."""
    if name == "forwarding_status":
        return {str(value["status"] << 6 | value["reason"])}
    text = str(value)
    found = {text, text.lower(), text.strip("\x00")}
    if isinstance(value, str):
        if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text):
            found |= {str(milliseconds(text)), str(milliseconds(text) // 1000)}
        if re.fullmatch(r"0x[0-9a-f]+", text):
            found.add(str(int(text, 16)))
        if name == "protocol" or name == "protocolIdentifier":
            found.add(str(PROTOCOLS.get(text.lower(), text)))
        if name == "tcp_flags" and re.fullmatch(r"[.CEUAPRSF]{8}", text):
            found.add(str(sum(1 << (7 - i) for i, c in enumerate(text) if c != ".")))
        if name == "ip_version":
            found.add(text[-1])
        if name == "direction":
            found.add({"ingress": "0", "egress": "1"}.get(text, text))
    return found


def values_of(record, name):
    wanted = NAMES.get(name, name)
    names = wanted if isinstance(wanted, tuple) else (wanted,)
    for own in names:
        if own in record:
            return forms(record[own])
    if isinstance(record.get("scope"), dict):
        for own in names:
            if own in record["scope"]:
                return forms(record["scope"][own])
    return None


def differing(expected, record, leave_out):
    """Names whose value the record does not have."""
    wrong = []
    for name, value in expected.items():
        if name in NOT_ELEMENTS or name in leave_out:
            continue
        ours = values_of(record, name)
        # Empty texts, and times of zero, which say that the exporter does not know, are null here.
        empty = (value == "" or (name in ("flow_start", "flow_end") and value == 0)) and not (ours or set()) - {"None", "none"}
        if not empty and not (ours and ours & expected_forms(name, value)):
            wrong.append(name)
    return wrong


@unittest.skipUnless(CORPUS, "the corpus is not there")
class Expected(unittest.TestCase):
    maxDiff = None

    def check(self, capture, expected, records, leave_out=()):
        """Every expected record is one of ours."""
        for number, fields in enumerate(expected):
            best = min((differing(fields, record, leave_out) for record in records), key=len, default=sorted(fields))
            self.assertEqual(best, [], f"{capture}: record {number}: {fields}")

    # It prints header time minus (uptime - value), we print the uptime that was sent; test_times compares the columns.
    LOGSTASH_LEAVE_OUT = {"first_switched", "last_switched"}
    LOGSTASH_DIFFERENT = {
        # Its dictionary of those days had 1 byte for 89; here the record says 0x40: forwarded, reason 0. We print the byte.
        "netflow-9-cisco-asr-9000-series-template-260": {"forwarding_status"},
        # It reads the three bytes of a label with the next one's first as its TTL: {"label": 0, .. "ttl": 4} of 000004 ...
        "netflow-9-ubiquiti-edgerouter-with-mpls-labels": {"mpls_label_stack_octets"},
        # Vendor numbers that it names by configuration of the test; bytes and texts are compared in test_corpus.py.
        "netflow-9-palo-alto-1-flowset-in-large-zero-filled-packet": {"user_id", "app_id"},
        "netflow-9-nprobe-dpi-l7": {"nprobe_proto", "nprobe_proto_name"},
    }

    def test_logstash(self):
        compared = 0
        for path in sorted((CORPUS / "logstash-codec-netflow").glob("*.expected.json")):
            capture = path.name.removesuffix(".expected.json")
            with self.subTest(capture):
                want = load(path)
                records = decode(path.parent / f"{capture}.pcap")
                if "events" in want and not want.get("raises"):
                    self.assertGreaterEqual(len(records), want["events"])
                leave_out = self.LOGSTASH_LEAVE_OUT | self.LOGSTASH_DIFFERENT.get(capture, set())
                events = [event["fields"] for event in want.get("event_json", [])]
                if capture.startswith("netflow5") or capture.startswith("netflow-5"):
                    leave_out |= {"engine_type", "engine_id", "sampling_algorithm", "sampling_interval"}  # of the header
                self.check(capture, events, records, leave_out)
                compared += len(events)
        self.assertEqual(compared, 40)

    # That codec adds the milliseconds' complement without taking the second back: netflow-9-fortigate-fortios-5.2.1 has
    # the header time 1500356519 s at uptime 20412178 ms and the first packet at 0x250f54a4 = 621761700 ms, which is
    # 1500957868.522 s; it says .869.522. Nor does it know of the uptime's wrap: netflow-5-valid-01 has a first packet at a
    # larger uptime than the header's, which is of before the wrap, 2^32 ms earlier.
    LOGSTASH_TIME_ERRORS = {0, 1000, 2**32}

    def test_times(self):
        """The columns of time: header time minus (uptime - value), to the millisecond."""
        compared = 0
        for path in sorted((CORPUS / "logstash-codec-netflow").glob("netflow*.expected.json")):
            capture = path.name.removesuffix(".expected.json")
            events = [event["fields"] for event in load(path).get("event_json", [])]
            events = [e for e in events if "first_switched" in e and "ipv4_src_addr" in e]
            if not events:
                continue
            with self.subTest(capture), tempfile.TemporaryDirectory(prefix="weir-e2e-") as store:
                weir("replay", path.parent / f"{capture}.pcap", "--store", store)
                flows = rows("sql", "--store", store, "select src_addr, dst_addr, bytes, epoch_ms(time_flow_start)::bigint as first, "
                             "epoch_ms(time_flow_end)::bigint as last from flows")
                for event in events:
                    # Bytes that were only counted behind the exporter count, too.
                    who = (event["ipv4_src_addr"], event["ipv4_dst_addr"], event["in_bytes"] or event.get("out_bytes", 0))
                    theirs = (milliseconds(event["first_switched"]), milliseconds(event["last_switched"]))
                    ours = [(f["first"], f["last"]) for f in flows if (f["src_addr"], f["dst_addr"], f["bytes"]) == who]
                    errors = [{their - our for their, our in zip(theirs, times)} for times in ours]
                    self.assertTrue(any(e <= self.LOGSTASH_TIME_ERRORS for e in errors), f"{who}: {theirs} and {ours}")
                    compared += 1
        self.assertGreater(compared, 10)

    def test_telegraf(self):
        for capture in ("netflow_v5_example", "netflow_v9_example", "ipfix_pen_35632", "issue_14370", "ipfix_options"):
            with self.subTest(capture):
                want = load(CORPUS / "telegraf" / f"{capture}.expected.json")
                records = decode(CORPUS / "telegraf" / f"{capture}.pcap")
                self.assertGreaterEqual(len(records), want["count"])
                leave_out = {"first_switched", "last_switched"}
                if capture == "netflow_v5_example":
                    leave_out |= {"engine_type", "engine_id", "sampling_interval", "sampling_algorithm", "flows"}  # of the header
                self.check(capture, [record["fields"] for record in want["records"]], records, leave_out)

    def test_graylog(self):
        for path in sorted((CORPUS / "graylog-plugin-netflow").glob("*.expected.json")):
            capture = path.name.removesuffix(".expected.json")
            with self.subTest(capture):
                want = load(path)
                records = decode(path.parent / f"{capture}.pcap")
                sizes = want.get("sizes_in_later_version", want["sizes"])
                if "allRecords" in sizes:
                    self.assertEqual(len(records), sizes["allRecords"])
                self.check(capture, want["contains_records"], records, {"first_switched", "last_switched"})

    def test_python_netflow(self):
        folder = CORPUS / "python-netflow"
        ipfix = load(folder / "ipfix.expected.json")
        records = decode(folder / "ipfix.pcap")
        self.assertEqual(len(records), ipfix["records_incl_options_total"])
        self.check("ipfix", [ipfix["first_record_options"]], records[:1])
        for index in (1, 17):
            self.check("ipfix", [ipfix[f"record_index_{index}"]], records[index:index + 1])
        self.assertEqual(len(decode(folder / "v9.pcap")), load(folder / "v9.expected.json")["records"])
        self.assertEqual(len(decode(folder / "v5.pcap")), load(folder / "v5.expected.json")["records"])
        self.assertEqual(len(decode(folder / "v1.pcap")), load(folder / "v1.expected.json")["records"])

    def test_goflow2(self):
        want = load(CORPUS / "goflow2/testdecodenetflowv9.expected.json")
        raw = [json.loads(line) for line in weir("decode", CORPUS / "goflow2/testdecodenetflowv9.pcap", "--raw").splitlines()]
        first = next(record for record in raw if record.get("set") == want["template"])
        self.assertEqual([(f[0], f[2]) for f in first["fields"]], [(f"0:{f['ie']}", f["hex"]) for f in want["first_record_fields"]])

    # Not in the key: what NetGauze writes by names of its own (protocols, flags, forwarding status). Byte by byte, all of it is
    # compared in test_corpus.py.
    def netgauze_record(self, record):
        """name -> values in order, of one of their records."""
        out = collections.defaultdict(list)
        for field in [*record["scope_fields"], *record["fields"]]:
            [(name, value)] = field.items()
            out[name].append(value)
        return out

    def test_netgauze(self):
        paths = [*(CORPUS / "netgauze").glob("*.expected.json.gz"), *(CORPUS / "pmacct-tests-swisscom").glob("*.expected.json*")]
        self.assertEqual(len(paths), 11)
        for path in sorted(paths):
            capture = path.name.split(".expected.json")[0]
            with self.subTest(capture):
                want = load(path)
                records = decode(path.parent / f"{capture}.pcap")
                self.assertGreaterEqual(len(records), want["data_set_records_incl_options"])
                ours = collections.Counter(self.key_of_ours(record) for record in records)
                theirs = collections.Counter()
                for message in want["decoded"]:
                    [body] = message.values()
                    for data in (s["Data"] for s in body["sets"] if "Data" in s):
                        for record in data["records"]:
                            theirs[self.key_of_theirs(data["id"], self.netgauze_record(record))] += 1
                self.assertEqual(sum(theirs.values()), want["data_set_records_incl_options"])
                missing = theirs - ours
                self.assertEqual(sum(missing.values()), 0, f"not among ours, first: {next(iter(missing), None)}")

    NETGAUZE_KEY = ("octetDeltaCount", "packetDeltaCount", "sourceIPv4Address", "destinationIPv4Address", "sourceIPv6Address",
                    "destinationIPv6Address", "sourceTransportPort", "destinationTransportPort", "ingressInterface", "egressInterface",
                    "flowStartSysUpTime", "flowEndSysUpTime", "ingressVRFID", "egressVRFID", "selectorId", "samplerId", "minimumTTL",
                    "maximumTTL", "octetDeltaSumOfSquares", "ipClassOfService", "flowLabelIPv6", "bgpSourceAsNumber",
                    "bgpDestinationAsNumber", "bgpNextHopIPv6Address", "bgpNextHopIPv4Address", "sourceIPv6PrefixLength",
                    "destinationIPv6PrefixLength", "sourceIPv4PrefixLength", "destinationIPv4PrefixLength", "mplsTopLabelIPv4Address",
                    "dot1qVlanId", "dot1qCustomerVlanId", "dot1qPriority", "samplingPacketInterval", "samplingSize", "samplingPopulation")

    def key_of_ours(self, record):
        scope = record["scope"] if isinstance(record.get("scope"), dict) else {}
        return (record["template_id"], *(self.flat(scope.get(n)) + self.flat(record.get(n)) for n in self.NETGAUZE_KEY))

    def key_of_theirs(self, template, record):
        return (template, *(self.flat(record.get(name)) for name in self.NETGAUZE_KEY))

    @staticmethod
    def flat(value):
        if value is None:
            return ()
        return tuple(str(v) for v in value) if isinstance(value, list) else (str(value),)


if __name__ == "__main__":
    unittest.main()
