"""A case: datagrams with the rows that they must become. A record is written once, as its row; its bytes come from the row by the
template, so the row says what was meant, not what a decoder made of it."""

import datetime
import ipaddress
import json
import struct
import sys
from pathlib import Path

from captures import wire

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests/e2e"))
import packets  # noqa: E402

# What a reader counts: all keys of an account, with what most cases have.
ACCOUNT = {"datagrams": 0, "datagrams_rejected": 0, "other_frames": 0, "damaged_frames": 0, "records": 0, "option_records": 0,
           "undecodable_sets": 0, "lost_units": 0, "counter_rows": 0, "agent_drops": 0, "anomalies": {}}
PORTS = {1: 2055, 5: 2055, 7: 2055, 9: 2055, 10: 4739}
SFLOW_PORT = 6343
TYPES = {1: 5, 5: 2, 7: 6, 9: 3, 10: 4}  # version in the message: the column `type`

# Element: its column, and how its value is written. Elements that are not here are given as bytes.
#   n integer, a address, m MAC address, t text, f text of fixed length, s ms: seconds and milliseconds since 1970, ntp: NTP time,
#   up: milliseconds since the exporter started, label: an MPLS label, dscp: the upper six bits of a byte
ELEMENTS = {
    (0, 1): ("bytes", "n"), (0, 2): ("packets", "n"), (0, 3): ("flow_count", "n"), (0, 4): ("proto", "n"), (0, 5): ("ip_tos", "n"),
    (0, 6): ("tcp_flags", "n"), (0, 7): ("src_port", "n"), (0, 8): ("src_addr", "a"), (0, 9): ("src_net", "n"),
    (0, 10): ("in_if", "n"), (0, 11): ("dst_port", "n"), (0, 12): ("dst_addr", "a"), (0, 13): ("dst_net", "n"),
    (0, 14): ("out_if", "n"), (0, 15): ("next_hop", "a"), (0, 16): ("src_as", "n"), (0, 17): ("dst_as", "n"),
    (0, 18): ("bgp_next_hop", "a"), (0, 21): ("time_flow_end", "up"), (0, 22): ("time_flow_start", "up"), (0, 23): ("post_bytes", "n"),
    (0, 24): ("post_packets", "n"), (0, 27): ("src_addr", "a"), (0, 28): ("dst_addr", "a"), (0, 29): ("src_net", "n"),
    (0, 30): ("dst_net", "n"), (0, 31): ("ipv6_flow_label", "n"), (0, 34): ("sampling_rate", "n"), (0, 46): ("mpls_top_label_type", "n"),
    (0, 47): ("mpls_top_label_addr", "a"), (0, 48): ("selector_id", "n"), (0, 52): ("ip_ttl", "n"), (0, 54): ("fragment_id", "n"),
    (0, 56): ("src_mac", "m"), (0, 57): ("post_dst_mac", "m"), (0, 58): ("vlan_id", "n"), (0, 59): ("dst_vlan", "n"),
    (0, 61): ("flow_direction", "n"), (0, 62): ("next_hop", "a"), (0, 63): ("bgp_next_hop", "a"), (0, 64): ("ipv6_extension_headers", "n"),
    (0, 70): ("mpls_label_1", "label"), (0, 71): ("mpls_label_2", "label"), (0, 72): ("mpls_label_3", "label"), (0, 80): ("dst_mac", "m"),
    (0, 85): ("bytes", "n"), (0, 86): ("packets", "n"), (0, 88): ("fragment_offset", "n"), (0, 89): ("forwarding_status", "n"),
    (0, 128): ("next_hop_as", "n"), (0, 129): ("src_peer_as", "n"), (0, 136): ("flow_end_reason", "n"),
    (0, 138): ("observation_point_id", "n"), (0, 146): ("wlan_channel", "n"), (0, 147): ("wlan_ssid", "t"), (0, 148): ("flow_id", "n"),
    (0, 150): ("time_flow_start", "s"), (0, 151): ("time_flow_end", "s"), (0, 152): ("time_flow_start", "ms"),
    (0, 153): ("time_flow_end", "ms"), (0, 154): ("time_flow_start", "ntp"), (0, 155): ("time_flow_end", "ntp"),
    (0, 156): ("time_flow_start", "ntp"), (0, 157): ("time_flow_end", "ntp"), (0, 176): ("icmp_type", "n"), (0, 177): ("icmp_code", "n"),
    (0, 178): ("icmp_type", "n"), (0, 179): ("icmp_code", "n"), (0, 192): ("ip_ttl", "n"), (0, 195): ("ip_tos", "dscp"),
    (0, 225): ("post_nat_src_addr", "a"), (0, 226): ("post_nat_dst_addr", "a"), (0, 227): ("post_nat_src_port", "n"),
    (0, 228): ("post_nat_dst_port", "n"), (0, 229): ("nat_originating_realm", "n"), (0, 230): ("nat_event", "n"), (0, 231): ("bytes", "n"),
    (0, 232): ("reverse_bytes", "n"), (0, 233): ("firewall_event", "n"), (0, 234): ("ingress_vrf_id", "n"),
    (0, 235): ("egress_vrf_id", "n"),
    (0, 239): ("biflow_direction", "n"), (0, 243): ("vlan_id", "n"), (0, 244): ("vlan_priority", "n"), (0, 245): ("customer_vlan_id", "n"),
    (0, 254): ("dst_vlan", "n"), (0, 256): ("etype", "n"), (0, 281): ("post_nat_src_addr", "a"), (0, 282): ("post_nat_dst_addr", "a"),
    (0, 283): ("nat_pool_id", "n"), (0, 284): ("nat_pool_name", "t"), (0, 297): ("nat_type", "n"), (0, 298): ("packets", "n"),
    (0, 299): ("reverse_packets", "n"), (0, 302): ("selector_id", "n"), (0, 323): ("time_flow_end", "ms"),
    (0, 361): ("port_block_start", "n"),
    (0, 362): ("port_block_end", "n"), (0, 363): ("port_block_step", "n"), (0, 364): ("port_block_size", "n"), (0, 365): ("sta_mac", "m"),
    (0, 366): ("sta_addr", "a"), (0, 367): ("wtp_mac", "m"), (0, 371): ("user_name", "t"), (0, 40000): ("user_name", "t"),
    (0, 33002): ("firewall_ext_event", "n"), (0, 96): ("application_name", "t"),
    (0, 56701): ("application_name", "t"), (0, 56702): ("user_name", "t"), (29305, 1): ("reverse_bytes", "n"),
    (29305, 2): ("reverse_packets", "n"), (29305, 6): ("reverse_tcp_flags", "n"), (35632, 119): ("application_name", "t"),
    (35632, 180): ("url", "t"), (35632, 187): ("http_host", "t"), (35632, 181): ("http_status", "n"), (5951, 130): ("url", "t"),
    (5951, 141): ("http_method", "t"), (5951, 142): ("http_host", "t"), (5951, 143): ("http_user_agent", "t"),
    (5951, 144): ("http_status", "n"), (6876, 880): ("inner_proto", "n"), (6876, 881): ("inner_src_addr", "a"),
    (6876, 882): ("inner_dst_addr", "a"), (6876, 886): ("inner_src_port", "n"), (6876, 887): ("inner_dst_port", "n"),
    (3054, 111): ("application_name", "t"), (3054, 176): ("reverse_bytes", "n"), (3054, 177): ("reverse_packets", "n"),
    (0, 457): ("http_status", "n"), (0, 459): ("http_method", "t"), (0, 460): ("http_host", "t"), (0, 461): ("url", "t"),
    (0, 468): ("http_user_agent", "t"), (0, 140): ("mpls_top_label_addr", "a"), (0, 91): ("mpls_top_label_prefix", "n"),
    (0, 200): ("mpls_ttl", "n"), (0, 498): ("srv6_segments_left", "n"), (0, 495): ("srv6_active_segment", "a"),
    (0, 352): ("bytes", "n"), (0, 180): ("src_port", "n"), (0, 181): ("dst_port", "n"), (0, 182): ("src_port", "n"),
    (0, 183): ("dst_port", "n"),
    (0, 171): ("post_bytes", "n"), (0, 172): ("post_packets", "n"), (0, 236): ("ingress_vrf_name", "t"), (0, 296): ("tunnel_id", "n"),
    (0, 50): ("sampling_rate", "n"), (0, 81): ("post_src_mac", "m"), (0, 255): ("dst_customer_vlan_id", "n"),
}


def at(seconds=0.0):
    """The time so many seconds after the export time of the headers, as rows have it."""
    micros = round((wire.EXPORT + seconds) * 1_000_000)
    return time_text(micros)


def time_text(micros):
    whole = datetime.datetime.fromtimestamp(micros // 1_000_000, datetime.timezone.utc)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000:06d}Z"


def micros_of(value):
    whole = datetime.datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(whole.timestamp()) * 1_000_000 + int(value[20:26])


def octets(kind, value, length, uptime, seconds):
    if kind == "n":
        return wire.number(value, length)
    if kind == "a":
        return wire.ip(value)
    if kind == "m":
        return wire.mac(value)
    if kind == "t":
        return value.encode() if length == 65535 else wire.text(value, length)
    if kind == "s":
        return wire.number(micros_of(value) // 1_000_000, length)
    if kind == "ms":
        return wire.number(micros_of(value) // 1000, length)
    if kind == "ntp":
        micros = micros_of(value)
        return wire.u32(micros // 1_000_000 + 2_208_988_800, -(-((micros % 1_000_000) << 32) // 1_000_000))
    if kind == "up":
        return wire.number((uptime + micros_of(value) // 1000 - seconds * 1000) % (1 << 32), length)
    if kind == "label":
        return wire.number(value << 4, 3)
    if kind == "dscp":
        return wire.number(value >> 2, length)
    raise ValueError(kind)


def record(spec, row, given=None, uptime=wire.UPTIME, seconds=wire.EXPORT):
    """The bytes of a data record. given: {"90": bytes} of elements whose value has another form or no column; a list has those of
    an element that occurs several times."""
    given = {name: list(value) if isinstance(value, list) else [value] for name, value in (given or {}).items()}
    out = b""
    for enterprise, element, length in wire.fields(spec):
        name = f"{enterprise}.{element}" if enterprise else str(element)
        if given.get(name):
            value = given[name].pop(0)
        else:
            column, kind = ELEMENTS[enterprise, element]
            value = octets(kind, row[column], length, uptime, seconds)
        if length != 65535 and len(value) != length:
            raise ValueError(f"element {name}: {len(value)} bytes, not {length}")
        out += wire.variable(value) if length == 65535 else value
    return out


class Case:
    """One folder of testdata/captures. `source`: where the format or the quirk is described in public."""

    def __init__(self, name, about, source, note="", file=False):
        self.name, self.about, self.source, self.note, self.file = name, about, source, note, file
        self.payloads = []  # (seconds after EXPORT, exporter, port, bytes)
        self.rows = []
        self.counters = []
        self.account = dict(ACCOUNT)

    def send(self, payload, *rows, exporter="192.0.2.1", time=None, domain=None, **common):
        """A datagram, and the rows that its records become. What a row has of its message is added here."""
        # In an IPFIX file a message has no time but its own.
        time = 0 if self.file else (len(self.payloads) + 1 if time is None else time)
        version = int.from_bytes(payload[:2], "big")
        of_message = {"time_received": at(time), "sampler_address": exporter, **common}
        if version in TYPES:
            of_message["type"] = TYPES[version]
            of_message["observation_domain_id"] = domain_of(version, payload) if domain is None else domain
        if self.file:
            of_message["sampler_address"] = "0.0.0.0"  # nobody
        self.payloads.append((time, exporter, PORTS.get(version, SFLOW_PORT), payload))
        for row in rows:
            self.rows.append(complete({**of_message, **row}))
        return self

    def counts(self, **counts):
        self.account.update(counts)
        return self

    def finished_account(self):
        return {**self.account, "datagrams": len(self.payloads), "records": len(self.rows), "counter_rows": len(self.counters)}

    def write(self, folder):
        folder = Path(folder) / self.name
        folder.mkdir(parents=True, exist_ok=True)
        if self.file:
            (folder / "capture.ipfix").write_bytes(b"".join(payload for _, _, _, payload in self.payloads))
        else:
            packets.write_pcap(folder / "capture.pcap", [(time, packets.export(exporter, payload, port))
                                                         for time, exporter, port, payload in self.payloads])
        write_lines(folder / "expected.ndjson", self.rows)
        if self.counters:
            write_lines(folder / "expected-counters.ndjson", self.counters)
        (folder / "expected-account.json").write_text(json.dumps(self.finished_account(), indent=1) + "\n")
        note = f"\n{self.note}\n" if self.note else ""
        (folder / "README.md").write_text(f"{self.about}\n\nSource: {self.source}\n\nMade by `tools/make_captures.py`, rows from the values that "
                                          f"it put in; see ../README.md for the second decoder.\n{note}")


def domain_of(version, payload):
    if version == 9:
        return int.from_bytes(payload[16:20], "big")
    if version == 10:
        return int.from_bytes(payload[12:16], "big")
    return int.from_bytes(payload[20:22], "big") if version == 5 else 0


def complete(row):
    """The row with the columns that follow from others, without those that are null."""
    row = dict(row)
    for prefix in ("", "inner_"):
        address = row.get(f"{prefix}src_addr") or row.get(f"{prefix}dst_addr")
        if address and f"{prefix}etype" not in row:
            row[f"{prefix}etype"] = 0x0800 if ipaddress.ip_address(address).version == 4 else 0x86DD
    if "src_vlan" in row or "vlan_id" in row:
        row.setdefault("vlan_id", row.get("src_vlan"))
        row.setdefault("src_vlan", row.get("vlan_id"))  # None: it is that of the output
    if isinstance(row.get("other"), dict):
        row["other"] = json.dumps(row["other"], separators=(",", ":"), ensure_ascii=False)
    return {column: value for column, value in sorted(row.items()) if value is not None}


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
