"""Every sFlow capture of the corpus against sflowtool's decoding of it: samples, records and all of their values, as weir decode
prints them and as weir replay stores them; and against what the projects expect that the captures come from.

Every field that sflowtool prints is either compared or named in LEFT_OUT with the reason.
"""

import collections
import ipaddress
import json
import re
import tempfile
import unittest

from weir_process import corpus, rows, weir

CORPUS = corpus()

# What sflowtool refuses as a whole: "a sample's length is not that of its records". Weir reads what is there.
#   testpacket8   the sample says 52 bytes; it has 68: a fixed part of 32 and a record 0:1002 of 8 + 28
#   testpacket11  the sample says 116 bytes; the datagram ends after 76: a fixed part of 12 and a whole record 0:7 of 8 + 56
REFUSED = {"sflow5-07-sflowtestpacket8": ({"0:1": 1}, {"flow 0:1002": 1}),
           "sflow5-10-sflowtestpacket11": ({"0:2": 1}, {"counter 0:7": 1})}
# sflowtool names records of discarded packets otherwise, so that the golden does not count them.
DISCARDED = {"sflow_issue_15375": {"flow 0:1036": 1}}
# What Weir says against a capture.
#   testexpandedsflowdecode  an array of 1500 bytes in the test's source: zeros follow the five samples
ANOMALIES = {"sflow5-07-sflowtestpacket8": {"bad_sample": 1}, "sflow5-10-sflowtestpacket11": {"bad_sample": 1},
             "sflow5-01-testexpandedsflowdecode-data": {"trailing_bytes": 1}}

# Fields of sflowtool that say nothing of their own, or that Weir does not show.
LEFT_OUT = {
    "flowBlock_tag", "counterBlock_tag", "discarded_flowBlock_tag",  # compared as the formats of the records
    "flowSampleType", "extendedType", "discarded_extendedType",  # sflowtool's words for them
    "IPSize", "ip.tot_len",  # the length field of the sampled IP header; the length of the packet is frame_length
}
# Record by record: sflowtool's field -> ours.
NUMBERS = {
    "headerProtocol": "header_protocol", "sampledPacketSize": "frame_length", "strippedBytes": "stripped",
    "in_vlan": "src_vlan", "in_priority": "src_priority", "out_vlan": "dst_vlan", "out_priority": "dst_priority",
    "srcSubnetMask": "src_mask_len", "dstSubnetMask": "dst_mask_len",
    "my_as": "as", "src_as": "src_as", "src_peer_as": "src_peer_as", "BGP_localpref": "local_pref",
    "ethernet_len": "length", "discarded_egress_queue_id": "queue",
    "networkType": "if_type", "total_memory_bytes": "total_memory", "free_memory_bytes": "free_memory",
    "openflow_port": "port_no", "octets": "octets", "discards": "discards",
    "dot3StatsFCSErrors": "dot3_stats_fcs_errors", "dot3StatsSQETestErrors": "dot3_stats_sqe_test_errors",
}
TEXTS = {"nextHop": "next_hop", "bgp_nexthop": "next_hop", "ifName": "name"}
REALS = {"5s_cpu": "cpu_5s", "1m_cpu": "cpu_1m", "5m_cpu": "cpu_5m"}
# Inside the sampled header.
PACKET = {"decodedVLAN": "vlan", "decodedPriority": "vlan_priority", "IPProtocol": "proto", "IPTOS": "tos", "IPTTL": "ttl",
          "TCPSrcPort": "src_port", "TCPDstPort": "dst_port", "TCPFlags": "tcp_flags", "ICMPType": "icmp_type",
          "ICMPCode": "icmp_code", "ethernet_type": "etype"}
TUNNEL = {"sampledPacketSize": "length", "IPSize": "length", "srcIP": "src_ip", "dstIP": "dst_ip", "IPProtocol": "protocol",
          "IPTOS": "tos"}


def captures():
    return sorted(CORPUS.glob("*/*sflow*.pcap"))


def golden_of(capture):
    """(one object a datagram, totals)"""
    lines = [json.loads(line) for line in capture.with_suffix(".golden.jsonl").read_text().splitlines()]
    return lines[:-1], lines[-1]


def decode(capture, *arguments):
    return [json.loads(line) for line in weir("decode", capture, *arguments).splitlines()]


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def mac(digits):
    return ":".join(digits[i:i + 2] for i in range(0, 12, 2))


def interface(text):
    """sflowtool's inputPort or outputPort as ours. 0x3fffffff is the device itself."""
    if text.startswith("multiple "):
        return {"several": int(text.split()[1])}
    return {"internal": True} if int(text) == 0x3FFFFFFF else {"index": int(text)}


@unittest.skipIf(CORPUS is None, "the corpus is not here: neither WEIR_CORPUS nor ../shared/corpus")
class CorpusSflow(unittest.TestCase):
    def test_totals(self):
        self.assertEqual(len(captures()), 17)
        for capture in captures():
            with self.subTest(capture=capture.name):
                name = capture.stem
                totals = golden_of(capture)[1]
                samples = {key.split()[0]: count for key, count in totals["sflow"]["samples"].items()}
                records = {**totals["sflow"]["records"], **DISCARDED.get(name, {})}
                if name in REFUSED:
                    self.assertEqual((samples, records), ({}, {}))
                    samples, records = REFUSED[name]
                ours = decode(capture, "--raw")[-1]
                self.assertEqual(ours["datagrams"], totals["datagrams"])
                self.assertEqual(ours["sflow"], {"samples": samples, "records": records,
                                                 "scaled_bytes": totals["sflow"]["scaled_bytes"],
                                                 "scaled_packets": totals["sflow"]["scaled_packets"]})
                self.assertEqual(ours["anomalies"], ANOMALIES.get(name, {}))
                self.assertEqual(ours["records"], sum(samples.get(f"0:{n}", 0) for n in (1, 3, 5)))

    def test_values(self):
        compared = collections.Counter()
        for capture in captures():
            with self.subTest(capture=capture.name):
                ours = collections.defaultdict(list)
                for sample in decode(capture)[:-1]:
                    ours[sample["datagram"]].append(sample)
                for line in golden_of(capture)[0]:
                    mine = ours[line["dgram"]]
                    self.assertEqual(len(mine), len(line["samples"]))
                    for sample, reference in zip(mine, line["samples"]):
                        self.check_sample(sample, reference, line, compared)
        for kind, least in (("sample", 970), ("number", 1950), ("packet", 340), ("text", 9), ("tunnel", 12), ("route", 4)):
            self.assertGreaterEqual(compared[kind], least, f"too few values were compared: {compared}")

    def check_sample(self, ours, golden, datagram, compared):
        wanted = {"agent": datagram["agent"], "observation_domain_id": int(datagram["agentSubId"]),
                  "sequence": int(datagram["packetSequenceNo"]), "uptime_ms": int(datagram["sysUpTime"]),
                  "format": golden["sampleType_tag"], "sample_sequence": int(golden["sampleSequenceNo"])}
        wanted["source_type"], wanted["source_index"] = map(int, golden["sourceId"].split(":"))
        for field, name in (("meanSkipCount", "sampling_rate"), ("samplePool", "sample_pool"), ("dropEvents", "drops"),
                            ("discardCode", "reason")):
            if field in golden:
                wanted[name] = int(golden[field])
        for field, name in (("inputPort", "input"), ("outputPort", "output")):
            if field in golden:
                wanted[name] = interface(golden[field])
        if "discardReason" in golden:
            wanted["reason_name"] = golden["discardReason"]
        wanted["agent"] = str(ipaddress.ip_address(wanted["agent"]))  # sflowtool writes all digits
        self.assertEqual({name: ours.get(name) for name in wanted}, wanted)
        compared["sample"] += len(wanted)
        known = {"sampleType_tag", "sampleType", "sampleSequenceNo", "sourceId", "meanSkipCount", "samplePool", "dropEvents",
                 "inputPort", "outputPort", "discardCode", "discardReason", "elements"}
        self.assertLessEqual(set(golden), known)
        self.assertEqual(len(ours["records"]), len(golden["elements"]))
        for record, element in zip(ours["records"], golden["elements"]):
            self.check_record(record, element, compared)

    def check_record(self, ours, golden, compared):
        tag = next(golden[name] for name in ("flowBlock_tag", "counterBlock_tag", "discarded_flowBlock_tag") if name in golden)
        self.assertEqual(ours["format"], tag)
        for field, value in golden.items():
            tunnel = re.fullmatch(r"tunnel_ipv4_(?:in|out)_(\w+)", field)
            if tunnel:
                mine = ours[TUNNEL[tunnel[1]]]
                self.assertEqual(str(mine), value, field)
                compared["tunnel"] += 1
            elif field not in LEFT_OUT:
                compared[self.check_field(ours, field, value, golden)] += 1

    def check_field(self, ours, field, value, golden):
        packet = ours.get("packet", {})
        message = f"{field} of {ours}"
        if field == "in_vlan" and ours["name"] == "vlan":
            self.assertEqual(ours["vlan_id"], int(value), message)
        elif field in NUMBERS:
            self.assertEqual(ours[NUMBERS[field]], int(value), message)
        elif field in TEXTS:
            self.assertEqual(ours[TEXTS[field]], value, message)
            return "text"
        elif field in REALS:
            self.assertEqual(ours[REALS[field]], float(value), message)
        elif field == "headerLen":
            self.assertEqual(len(ours["header"]) // 2, int(value), message)
        elif field == "headerBytes":
            self.assertEqual(ours["header"], value.replace("-", "").lower(), message)
        elif field in ("srcMAC", "dstMAC"):
            self.assertEqual(packet[field[:3] + "_mac"], mac(value), message)
            return "packet"
        elif field in ("srcIP", "dstIP"):
            self.assertEqual(packet[field[:3] + "_addr"], value, message)
            return "packet"
        elif field == "IPID":
            # sflowtool prints the identification in the byte order of its machine, a little-endian one.
            self.assertEqual(packet["fragment_id"].to_bytes(2, "little"), int(value).to_bytes(2, "big"), message)
            return "packet"
        elif field in PACKET and packet:
            self.assertEqual(packet[PACKET[field]], int(value), message)
            return "packet"
        elif field == "ethernet_type":
            self.assertEqual(ours["type"], int(value), message)
        elif field in ("ethernet_src", "ethernet_dst"):
            self.assertEqual(ours[field.split("_")[1] + "_mac"], mac(value), message)
        elif field == "openflow_datapath_id":
            self.assertEqual(ours["datapath_id"], int(value, 16), message)
        elif field in ("dst_as_path", "dst_peer_as", "dst_as", "BGP_communities"):
            self.check_route(ours, field, value)
            return "route"
        else:
            self.assertEqual(ours[snake(field)], int(value), message)
        return "number"

    def check_route(self, ours, field, value):
        path = ours["dst_as_path"].split()
        if field == "dst_as_path":
            self.assertEqual("-".join(path), value)
        elif field == "BGP_communities":
            high_low = [community.split(":") for community in ours["communities"].split()]
            self.assertEqual("-".join(str(int(high) << 16 | int(low)) for high, low in high_low), value)
        else:
            self.assertEqual(path[0] if field == "dst_peer_as" else path[-1], value)

    def test_stored_flows(self):
        """The columns of every sampled packet, from the store."""
        compared = 0
        for capture in captures():
            with self.subTest(capture=capture.name), tempfile.TemporaryDirectory() as store:
                weir("replay", capture, "--store", store)
                golden, totals = golden_of(capture)
                wanted = collections.Counter(tuple(flow.items()) for line in golden for flow in flows_of(line))
                if capture.stem in REFUSED:
                    samples = REFUSED[capture.stem][0]
                    expected = sum(samples.get(f"0:{n}", 0) for n in (1, 3, 5))
                    self.assertEqual(count(store), expected)
                    continue
                if not wanted:
                    self.assertEqual(count(store), 0)
                    continue
                stored = rows("sql", "--store", store, STORED)
                mine = collections.Counter(tuple(row.items()) for row in stored)
                self.assertEqual(mine, wanted)
                compared += wanted.total()
                scaled = rows("sql", "--store", store, "select coalesce(sum(bytes * sampling_rate), 0)::bigint as b from flows "
                              "where src_addr is not null")
                self.assertEqual(scaled, [{"b": totals["sflow"]["scaled_bytes"]}])
        self.assertEqual(compared, 42)

    def test_expected_of_tcpdump(self):
        for name in ("sflow_expanded", "sflow-print-v6"):
            with self.subTest(capture=name):
                capture = CORPUS / "tcpdump" / f"{name}.pcap"
                lines = json.loads(capture.with_suffix(".expected.json").read_text())["tcpdump_v_output_lines"]
                # tcpdump has commas in some of its lines.
                plain = [line.replace(",", "") for line in tcpdump_lines(decode(capture)[:-1])]
                self.assertEqual(plain, [line.replace(",", "") for line in map(sample_line, lines) if line])

    def test_expected_of_telegraf(self):
        folder = CORPUS / "telegraf"
        drop = json.loads((folder / "sflow_issue_15375.expected.json").read_text())["records"][0]["fields"]
        ours = decode(folder / "sflow_issue_15375.pcap")[0]
        # Its seq_number is that of the sample, 2; the datagram's is 3.
        self.assertEqual([ours["uptime_ms"], ours["agent"], ours["observation_domain_id"], ours["sample_sequence"],
                          ours["input"]["index"], ours["output"]["index"], ours["records"][0]["queue"], ours["reason"],
                          ours["drops"]],
                         [drop[name] for name in ("sys_uptime", "agent_ip", "agent_subid", "seq_number", "in_snmp", "out_snmp",
                                                  "out_queue", "reason", "sampling_drops")])
        wanted = json.loads((folder / "sflow_v5_example.expected.json").read_text())["records"][0]["fields"]
        ours = decode(folder / "sflow_v5_example.pcap")[0]
        counters = {name: value for record in ours["records"] for name, value in record.items()}
        names = {"in_broadcast_packets_total": "if_in_broadcast_pkts", "in_bytes": "if_in_octets",
                 "in_dropped_packets": "if_in_discards", "in_errors": "if_in_errors",
                 "in_mcast_packets_total": "if_in_multicast_pkts", "in_unicast_packets_total": "if_in_ucast_pkts",
                 "in_unknown_protocol": "if_in_unknown_protos", "interface": "if_index", "interface_type": "if_type",
                 "out_broadcast_packets_total": "if_out_broadcast_pkts", "out_bytes": "if_out_octets",
                 "out_dropped_packets": "if_out_discards", "out_errors": "if_out_errors",
                 "out_mcast_packets_total": "if_out_multicast_pkts", "out_unicast_packets_total": "if_out_ucast_pkts",
                 "promiscuous": "if_promiscuous_mode", "speed": "if_speed"}
        self.assertEqual({name: counters[ours_name] for name, ours_name in names.items()},
                         {name: wanted[name] for name in names})
        self.assertIn({"format": "0:1005", "name": wanted["port_name"]},
                      [{"format": record["format"], "name": record["name"]} for record in ours["records"]])

    def test_expected_of_vflow(self):
        capture = CORPUS / "vflow" / "sflow5-00-testsflowrawpacket.pcap"
        wanted = json.loads(capture.with_suffix(".expected.json").read_text())
        samples = decode(capture)[:-1]
        self.assertEqual([samples[0]["uptime_ms"], len(samples), samples[0]["sequence"], samples[0]["agent"]],
                         [wanted["header"][name] for name in ("sysuptime", "samples", "sequence", "agent")])
        raw = decode(capture, "--raw")[:-1]
        self.assertEqual([len(sample["raw"]) // 2 - 8 for sample in raw], wanted["sample_lengths"])
        first = wanted["first_sample"]
        self.assertEqual([samples[0][name] for name in ("sample_sequence", "sampling_rate", "sample_pool", "drops")],
                         [first[name] for name in ("sequence", "sampling_rate", "sample_pool", "drops")])
        self.assertEqual([samples[0]["input"], samples[0]["output"]], [{"index": first["input"]}, {"index": first["output"]}])
        # vflow cuts the type off the source id and keeps 8 bits of it; here both have a value of 0 in those.
        self.assertEqual(samples[0]["source_type"], first["source_id"])


# The columns that sflowtool's decoding tells, in the order of flows_of().
STORED = """select ip_text(agent_address) as agent, sampling_rate::bigint as rate, bytes::bigint as bytes,
  in_if::bigint as input, out_if::bigint as output, out_if_count::bigint as outputs, ip_text(src_addr) as src, ip_text(dst_addr) as dst,
  proto::int as proto, src_port::int as sport, dst_port::int as dport, src_vlan::int as svlan, dst_vlan::int as dvlan,
  vlan_id::int as vlan, next_hop_as::bigint as peer, dst_as::bigint as dst_as from flows"""


def count(store):
    return rows("sql", "--store", store, "select count(*)::int as n from flows")[0]["n"]


def flows_of(datagram):
    """The rows that sflowtool's decoding of a datagram amounts to."""
    for sample in datagram["samples"]:
        if sample["sampleType"] not in ("FLOWSAMPLE", "DISCARD"):
            continue
        fields = {name: value for element in sample["elements"] for name, value in element.items()}
        number = lambda name, none=(): int(fields[name]) if name in fields and fields[name] not in none else None
        port = {"input": None, "output": None, "outputs": None}
        for key, text in (("input", sample["inputPort"]), ("output", sample["outputPort"])):
            value = interface(text)
            if "several" in value:
                port["outputs"] = value["several"]
            else:
                port[key] = 0 if "internal" in value else value["index"] or None
        vlan = number("decodedVLAN")
        # The tag of a frame is that of the side where it was taken.
        went_out = port["output"] == int(sample["sourceId"].split(":")[1]) != port["input"]
        tag_of = {"in_vlan": None if went_out else vlan, "out_vlan": vlan if went_out else None}
        side = lambda name: tag_of[name] if number(name, ("4294967295",)) is None else number(name, ("4294967295",))
        length = number("sampledPacketSize")
        yield {"agent": str(ipaddress.ip_address(datagram["agent"])),
               "rate": int(sample["meanSkipCount"]) if "meanSkipCount" in sample else None,
               "bytes": length if length is not None else number("ethernet_len"),
               **port, "src": fields.get("srcIP"), "dst": fields.get("dstIP"), "proto": number("IPProtocol"),
               "sport": number("TCPSrcPort"), "dport": number("TCPDstPort"),
               "svlan": side("in_vlan"), "dvlan": side("out_vlan"),
               "vlan": vlan if vlan is not None else number("in_vlan", ("4294967295",)),
               "peer": number("dst_peer_as"), "dst_as": number("dst_as")}


def sample_line(line):
    """A sample or a record in tcpdump's words, or None for what else it prints."""
    line = line.strip()
    kinds = (r"(?:expanded )?flow sample \(\d+\)", r"counter sample \(\d+\)", r"enterprise 0,? [\w ]+ \(\d+\)", r"protocol Ethernet",
             r"align errors", r"deferred", r"carrier error", r"ifindex", r"In octets", r"In errors", r"Out octets", r"Out errors")
    if not re.match("|".join(kinds), line):
        return None
    line = re.sub(r"^enterprise 0,? [\w ]+? \((\d+)\) length (\d+)$", r"record \1", line)
    return re.sub(r", length \d+|\(full-duplex\)", "", line).strip()


def tcpdump_lines(samples):
    lines = []
    for s in samples:
        expanded = s["format"] in ("0:3", "0:4")
        number = s["format"].split(":")[1]
        head = f"seqnum {s['sample_sequence']}, type {s['source_type']}, idx {s['source_index']}"
        if s["kind"] == "flow_sample":
            ports = [s[side] for side in ("input", "output")]
            values = [port.get("index", 0x80000000 | port.get("several", 0)) for port in ports]
            form = " (0)" if expanded else ""
            lines.append(f"{'expanded ' if expanded else ''}flow sample ({number}), {head}, rate {s['sampling_rate']}, pool "
                         f"{s['sample_pool']}, drops {s['drops']}, input {values[0]}{form}, output {values[1]}{form}, records "
                         f"{len(s['records'])}")
        else:
            lines.append(f"counter sample ({number}), {head}, records {len(s['records'])}")
        for record in s["records"]:
            lines.append(f"record {record['format'].split(':')[1]}")
            lines += tcpdump_record(record, lambda name: record.get(name))
    return lines


def tcpdump_record(record, at):
    if record["name"] == "raw_header":
        return [f"protocol Ethernet (1), length {at('frame_length')}, stripped bytes {at('stripped')}, header_size "
                f"{len(at('header')) // 2}".replace(f", length {at('frame_length')}", "")]
    if record["name"] == "ethernet_interface":
        e = lambda name: record[f"dot3_stats_{name}"]
        return [f"align errors {e('alignment_errors')}, fcs errors {e('fcs_errors')}, single collision "
                f"{e('single_collision_frames')}, multiple collision {e('multiple_collision_frames')}, test error "
                f"{e('sqe_test_errors')}",
                f"deferred {e('deferred_transmissions')}, late collision {e('late_collisions')}, excessive collision "
                f"{e('excessive_collisions')}, mac trans error {e('internal_mac_transmit_errors')}",
                f"carrier error {e('carrier_sense_errors')}, frames too long {e('frame_too_longs')}, mac receive errors "
                f"{e('internal_mac_receive_errors')}, symbol errors {e('symbol_errors')}"]
    if record["name"] == "generic_interface":
        i = lambda name: record[f"if_{name}"]
        return [f"ifindex {i('index')}, iftype {i('type')}, ifspeed {i('speed')}, ifdirection {i('direction')}",
                f"In octets {i('in_octets')}, unicast pkts {i('in_ucast_pkts')}, multicast pkts {i('in_multicast_pkts')}, broadcast "
                f"pkts {i('in_broadcast_pkts')}, discards {i('in_discards')}",
                f"In errors {i('in_errors')}, unknown protos {i('in_unknown_protos')}",
                f"Out octets {i('out_octets')}, unicast pkts {i('out_ucast_pkts')}, multicast pkts {i('out_multicast_pkts')}, "
                f"broadcast pkts {i('out_broadcast_pkts')}, discards {i('out_discards')}",
                f"Out errors {i('out_errors')}, promisc mode {i('promiscuous_mode')}"]
    return []


if __name__ == "__main__":
    unittest.main()
