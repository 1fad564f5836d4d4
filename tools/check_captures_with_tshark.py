#!/usr/bin/env python3
"""Compares the expected rows of testdata/captures with what tshark reads in the same captures: a second opinion.

    tools/check_captures_with_tshark.py [CASE...] [-v]

Needs tshark (Debian: tshark), which ./dev does not install. For each row the tshark flow is sought that agrees in every value that
both have. A line for each case: rows that tshark confirms, the values that were compared, and what differs. Exit status 1 unless
the cases that differ are those whose README.md says of tshark why."""

import collections
import datetime
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CAPTURES = Path(__file__).resolve().parents[1] / "testdata/captures"
DECODE_AS = [f"udp.port=={port},cflow" for port in (2055, 4739)] + ["udp.port==6343,sflow"]

# Field of tshark: the columns that it may be; the first one is where it must be if the row has any of them.
CFLOW = {
    "srcaddr": "src_addr inner_src_addr", "srcaddrv6": "src_addr inner_src_addr", "dstaddr": "dst_addr inner_dst_addr",
    "dstaddrv6": "dst_addr inner_dst_addr", "srcport": "src_port inner_src_port", "dstport": "dst_port inner_dst_port",
    "protocol": "proto inner_proto", "tos": "ip_tos", "tcpflags": "tcp_flags reverse_tcp_flags", "tcpflags16": "tcp_flags",
    "octets": "bytes reverse_bytes", "packets": "packets reverse_packets", "octets64": "bytes", "packets64": "packets", "permanent_octets": "bytes",
    "permanent_packets": "packets", "initiator_octets": "bytes", "initiator_packets": "packets", "responder_octets": "reverse_bytes",
    "responder_packets": "reverse_packets", "post_octets": "post_bytes", "post_packets": "post_packets", "inputint": "in_if", "outputint": "out_if",
    "nexthop": "next_hop", "nexthopv6": "next_hop", "bgpnexthop": "bgp_next_hop", "bgpnexthopv6": "bgp_next_hop", "srcas": "src_as",
    "dstas": "dst_as", "peer_srcas": "src_peer_as", "peer_dstas": "next_hop_as", "srcmask": "src_net", "dstmask": "dst_net", "srcmaskv6": "src_net",
    "dstmaskv6": "dst_net", "flow_end_reason": "flow_end_reason", "abstimestart": "time_flow_start", "abstimeend": "time_flow_end",
    "observation_time_milliseconds": "time_flow_end", "srcmac": "src_mac", "dstmac": "dst_mac", "post_srcmac": "post_src_mac", "post_dstmac": "post_dst_mac",
    "vlanid": "vlan_id", "post_vlanid": "dst_vlan", "dot1q_vlan_id": "vlan_id", "post_dot1q_vlan_id": "dst_vlan",
    "dot1q_customer_vlan_id": "customer_vlan_id", "dot1q_priority": "vlan_priority", "direction": "flow_direction",
    "ipv6flowlabel": "ipv6_flow_label", "ipv6_exthdr": "ipv6_extension_headers", "icmp_type_code_ipv4": "-", "icmp_ipv6_type": "icmp_type",
    "icmp_ipv6_code": "icmp_code", "icmp_ipv4_type": "icmp_type", "icmp_ipv4_code": "icmp_code", "ttl_min": "ip_ttl", "ip_ttl": "ip_ttl",
    "biflow_direction": "biflow_direction", "post_natsource_ipv4_address": "post_nat_src_addr",
    "post_natdestination_ipv4_address": "post_nat_dst_addr", "post_naptsource_transport_port": "post_nat_src_port",
    "post_naptdestination_transport_port": "post_nat_dst_port", "nat_event": "nat_event", "nat_originating_address_realm": "nat_originating_realm",
    "nat_type": "nat_type", "nat_pool_id": "nat_pool_id", "nat_pool_name": "nat_pool_name", "port_range_start": "port_block_start",
    "port_range_end": "port_block_end", "port_range_step_size": "port_block_step", "port_range_num_ports": "port_block_size",
    "ingress_vrfid": "ingress_vrf_id", "egress_vrfid": "egress_vrf_id", "sta_mac_address": "sta_mac", "sta_ipv4_address": "sta_addr",
    "wtp_mac_address": "wtp_mac", "wlan_ssid": "wlan_ssid", "wlan_channel_id": "wlan_channel", "user_name": "user_name", "aaa_username": "user_name",
    "selector_id": "selector_id", "sampler_id": "selector_id", "sampling_interval": "sampling_rate", "toplabeltype": "mpls_top_label_type",
    "toplabeladdr": "mpls_top_label_addr", "firewall_event": "firewall_event", "flow_id": "flow_id", "fw_ext_event": "firewall_ext_event",
    "http_request_method": "http_method", "http_request_host": "http_host", "http_request_target": "url", "http_statuscode": "http_status",
    "http_user_agent": "http_user_agent", "pie.netscaler.http-req-url": "url", "pie.netscaler.http-req-method": "http_method",
    "pie.netscaler.http-req-host": "http_host", "pie.netscaler.http-req-useragent": "http_user_agent", "pie.netscaler.http-rsp-status": "http_status",
    "pie.ntop.l7_proto_name": "application_name", "pie.ntop.http_url": "url", "pie.ntop.http_host": "http_host",
    "pie.ntop.http_ret_code": "http_status", "pie.ixia.l7-application-name": "application_name",
    "pie.ixia.reverse-octet-delta-count": "reverse_bytes", "pie.ixia.reverse-packet-delta-count": "reverse_packets", "appl_name": "application_name",
    "mpls_label": " ".join(f"mpls_label_{n}" for n in range(1, 11)),
}
CFLOW = {f"cflow.{name}": columns for name, columns in CFLOW.items()}
# Fields of a sampled header and of the records beside it: the outer packet's come first.
SFLOW = {
    "eth.src": "src_mac inner_src_mac", "eth.dst": "dst_mac inner_dst_mac", "ip.src": "src_addr inner_src_addr", "ip.dst": "dst_addr inner_dst_addr",
    "ipv6.src": "src_addr inner_src_addr", "ipv6.dst": "dst_addr inner_dst_addr", "ip.proto": "proto inner_proto", "ipv6.nxt": "proto inner_proto",
    "ipv6.dstopts.nxt": "proto", "ipv6.ah.nxt": "proto", "ah.next_header": "proto", "ipv6.fraghdr.nxt": "proto",
    "ipv6.routing.nxt": "proto inner_proto", "ip.ttl": "ip_ttl inner_ttl", "ipv6.hlim": "ip_ttl inner_ttl", "ip.dsfield": "ip_tos inner_tos",
    "ipv6.tclass": "ip_tos inner_tos", "ip.id": "fragment_id", "ipv6.fraghdr.ident": "fragment_id", "ipv6.flow": "ipv6_flow_label",
    "tcp.srcport": "src_port inner_src_port", "tcp.dstport": "dst_port inner_dst_port", "udp.srcport": "src_port inner_src_port",
    "udp.dstport": "dst_port inner_dst_port", "sctp.srcport": "src_port", "sctp.dstport": "dst_port", "dccp.srcport": "src_port",
    "dccp.dstport": "dst_port", "tcp.flags": "tcp_flags inner_tcp_flags", "icmp.type": "icmp_type", "icmp.code": "icmp_code",
    "icmpv6.type": "icmp_type", "icmpv6.code": "icmp_code", "vlan.id": "vlan_id customer_vlan_id inner_vlan_id", "vlan.priority": "vlan_priority dst_vlan_priority",
    "ieee8021ad.id": "vlan_id customer_vlan_id", "mpls.label": " ".join(
        f"mpls_label_{n}" for n in range(1, 11)), "mpls.ttl": "mpls_ttl", "vxlan.vni": "tunnel_id", "geneve.vni": "tunnel_id", "gre.key": "tunnel_id",
    "gre.key.call_id": "tunnel_id", "gtp.teid": "tunnel_id", "pppoe.session_id": "tunnel_id", "erspan.spanid": "tunnel_id", "nvgre.vsid": "tunnel_id",
    "l2tp.sid": "tunnel_id", "l2tp.sid_v3": "tunnel_id", "sflow_245.header.frame_length": "bytes", "sflow.flow_sample.sampling_rate": "sampling_rate",
    "sflow.flow_sample.input_interface": "in_if", "sflow.flow_sample.output_interface_value": "out_if",
    "sflow_5.flow_sample.output_interface_value": "out_if", "sflow_245.vlan.in": "src_vlan", "sflow_245.vlan.out": "dst_vlan",
    "sflow_245.pri.in": "vlan_priority", "sflow_245.pri.out": "dst_vlan_priority", "sflow_245.nexthop": "next_hop bgp_next_hop mpls_top_label_addr",
    "sflow_245.nexthop.src_mask": "src_net", "sflow_245.nexthop.dst_mask": "dst_net", "sflow_245.ipv4_src": "src_addr",
    "sflow_245.ipv4_dst": "dst_addr", "sflow_245.ipv6_src": "src_addr", "sflow_245.ipv6_dst": "dst_addr", "sflow_245.as": "router_as",
    "sflow_245.srcas": "src_as", "sflow_245.peeras": "src_peer_as", "sflow_245.localpref": "bgp_local_pref",
}
# What the collector adds, or says in another way.
OWN = {"time_received", "type", "sampler_address", "observation_domain_id", "agent_address", "etype", "inner_etype", "src_vlan", "other"}
NOTHING = (0, "", "0.0.0.0", "::", 0xFFFFFFFF)
LINK_TYPES = {"1": 1, "7": 9, "11": 228, "12": 229, "13": 219}  # header_protocol of sFlow: link type of pcap
LEGACY = (2, 5, 6)  # types of rows of NetFlow v5, v1 and v7
INTERNAL = 0x3FFFFFFF  # sFlow: the device itself, in weir's rows 0


def leaves(node, out):
    """All (name, value) pairs below a node, in order."""
    for name, value in node.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                leaves(one, out)
            else:
                out.append((name, one))
    return out


def blocks(node, pattern):
    """The nodes below whose name has the pattern, in order, not those within them."""
    for name, value in node.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                continue
            if re.match(pattern, name):
                yield one
            else:
                yield from blocks(one, pattern)


def micros(text):
    """Of "Nov 14, 2023 22:13:12.999000000 UTC"."""
    whole, fraction = text.removesuffix(" UTC").split(".")
    time = datetime.datetime.strptime(whole, "%b %d, %Y %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(time.timestamp()) * 1_000_000 + int(fraction[:6])


def row_time(text):
    time = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    fraction = text[19:].strip(".Z")
    return int(time.timestamp()) * 1_000_000 + int(fraction.ljust(6, "0")[:6] or 0)


def plain(value):
    """A value of tshark as a row has it."""
    if re.fullmatch(r"0x[0-9a-f]+", value):
        return int(value, 16)
    if re.fullmatch(r"\d+", value):
        return int(value)
    if value.endswith(" UTC"):
        return micros(value)
    return value.rstrip("\0")


class Seen:
    """What tshark shows of one flow: column -> values that it may have."""

    def __init__(self, pairs, names):
        self.columns = collections.defaultdict(list)
        self.first = {}
        for name, value in pairs:
            columns = names.get(name)
            if columns is None or columns == "-":
                continue
            value = plain(value)
            for column in columns.split():
                self.columns[column].append(value)
            self.first.setdefault(columns.split()[0], value)
        self.values = {str(plain(value)) for _, value in pairs}

    def differences(self, row):
        """(values that agree, texts of what does not)"""
        agree, differ = 0, []
        for column, value in row.items():
            candidates = list(self.columns.get(column, ()))
            outer = row.get(column.removeprefix("inner_"))
            if column.startswith("inner_") and outer in candidates:
                candidates.remove(outer)
            if column in OWN or not candidates:
                continue
            if column.startswith("time_"):
                # NTP fractions are not whole microseconds. Of v1, v5 and v7 the rows have whole milliseconds.
                candidates = [one for one in candidates if one != 0]
                near = 1000 if row["type"] in LEGACY else 1
                same = not candidates or any(abs(row_time(value) - one) <= near for one in candidates)
            else:
                same = value in candidates
            if same:
                agree += 1
            else:
                differ.append(f"{column}: {value}, tshark {candidates}")
        if not any(column.startswith("inner_") for column in row):
            differ += [f"{column}: none, tshark {value}" for column, value in self.first.items()
                       if column not in row and value not in row.values() and value not in NOTHING]
        return agree, differ


def layers(capture, *options):
    command = ["tshark", "-n", "-2", "-r", str(capture), "-T", "json", "--no-duplicate-keys", *options]
    for rule in DECODE_AS:
        command += ["-d", rule]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TZ": "UTC"})
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout or "[]")]


def cflow_flows(cflow):
    """Flows of a message; times since the exporter's start become times of day by the header."""
    uptime, export = cflow.get("cflow.sysuptime"), cflow.get("cflow.timestamp")
    for node in blocks(cflow, r"(Flow|pdu|PDU) \d+"):
        pairs = leaves(node, [])
        for name, value in list(pairs):
            if name in ("cflow.timestart", "cflow.timeend") and uptime and export:
                up = round(float(uptime) * 1000)
                since = round(float(value) * 1000)
                ago = (up - since + (1 << 31)) % (1 << 32) - (1 << 31)
                text = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(microseconds=micros(export) - ago * 1000)
                pairs.append((name.replace("time", "abstime", 1), text.strftime("%b %d, %Y %H:%M:%S.%f000 UTC")))
        yield Seen(pairs, CFLOW)


def sampled_frames(samples):
    """The fields of each sample's header, read as a frame of its own: within sFlow tshark does not look into UDP."""
    found = [[] for _ in samples]
    for kind, link in LINK_TYPES.items():
        frames = [(index, bytes.fromhex(dict(pairs)["sflow_245.header"].replace(":", ""))) for index, pairs in enumerate(samples)
                  if ("sflow_245.header_protocol", kind) in pairs and "sflow_245.header" in dict(pairs)]
        if not frames:
            continue
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
            for _, octets in frames:
                file.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)
            file.flush()
            for (index, _), layer in zip(frames, layers(file.name)):
                found[index] = [pair for name, part in layer.items() if name != "frame" for pair in leaves({name: part}, [])]
    return found


def without_headers(node):
    """A sample without what tshark reads in its sampled header."""
    if isinstance(node, list):
        return [without_headers(one) for one in node]
    if isinstance(node, dict):
        return {name: without_headers(one) for name, one in node.items() if name != "sflow_245.header_tree"}
    return node


def sflow_pairs(sflow):
    """The fields of each sample, without its sampled header."""
    for node in blocks(sflow, r".*sample, seq \d+"):
        pairs = leaves(without_headers(node), [])
        formats = dict(pairs).get("sflow.flow_sample.output_interface_format", "0")
        yield [(name, "0" if "interface" in name and value == str(INTERNAL) else value) for name, value in pairs
               if formats == "0" or not name.endswith("output_interface_value")]


def read(capture):
    """What tshark shows, flow by flow."""
    flows, samples = [], []
    for layer in layers(capture, "-J", "cflow sflow"):
        for name in ("cflow", "sflow"):
            for message in layer[name] if isinstance(layer.get(name), list) else [layer.get(name)]:
                if not isinstance(message, dict):
                    continue
                if name == "cflow":
                    flows += cflow_flows(message)
                else:
                    samples += sflow_pairs(message)
    for pairs, frame in zip(samples, sampled_frames(samples)):
        # NVGRE: the upper 24 bits of the key.
        frame += [(name, str(int(value, 0) >> 8)) for name, value in frame if name == "gre.key"]
        flows.append(Seen(pairs + frame, SFLOW))
    return flows


def check(folder):
    """(rows, confirmed, values compared, texts of differences)"""
    seen = read(next(folder.glob("capture.*")))
    rows = [json.loads(line) for line in (folder / "expected.ndjson").read_text().splitlines()]
    free = list(seen)
    confirmed, values, texts = 0, 0, []
    for number, row in enumerate(rows, 1):
        row = {column: value for column, value in row.items() if not (row["type"] == 1 and column in ("packets", "time_flow_start", "time_flow_end"))}
        found = [(flow, *flow.differences(row)) for flow in free]
        good = [f for f in found if not f[2] and f[1] > 0]
        if good:
            best = max(good, key=lambda f: f[1])
            confirmed += 1
        elif found:
            best = max(found, key=lambda f: f[1] - len(f[2]))
            texts.append(f"row {number}: " + "; ".join(best[2] or ["nothing in common"]))
        else:
            texts.append(f"row {number}: tshark shows no such flow")
            continue
        values += best[1]
        free.remove(best[0])
    counters = folder / "expected-counters.ndjson"
    for line in counters.read_text().splitlines() if counters.exists() else ():
        row = json.loads(line)
        value = row.get("value", row.get("real", row.get("text")))
        every = set().union(*(flow.values for flow in seen)) if seen else set()
        values += 1
        if str(value) not in every and str(round(value * 100) if isinstance(value, float) else value) not in every:
            texts.append(f"counter {row['record']} {row['name']}: {value} is not shown")
    return len(rows), confirmed, values, texts


def main():
    verbose = "-v" in sys.argv[1:]
    wanted = [name for name in sys.argv[1:] if name != "-v"]
    status = 0
    total = collections.Counter()
    for folder in sorted(path for path in CAPTURES.iterdir() if path.is_dir()):
        if wanted and folder.name not in wanted:
            continue
        rows, confirmed, values, texts = check(folder)
        explained = "tshark" in (folder / "README.md").read_text()
        total.update(cases=1, rows=rows, confirmed=confirmed, values=values, differing=bool(texts))
        if bool(texts) != explained:
            status = 1
        verdict = ("differs, as README.md says" if explained else "DIFFERS") if texts else (
            "AGREES, though README.md says that tshark does not" if explained else "agrees")
        print(f"{folder.name}: {confirmed} of {rows} rows, {values} values: {verdict}")
        if texts and (verbose or not explained):
            for text in texts:
                print(f"    {text}")
    print(", ".join(f"{count} {name}" for name, count in total.items()))
    return status


if __name__ == "__main__":
    sys.exit(main())
