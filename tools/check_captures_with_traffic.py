#!/usr/bin/env python3
"""Compares the expected rows of what exporters of Debian made (testdata/captures/exporter-*) with the traffic that they were given
(tools/captures/traffic.py): addresses, ports, packets, bytes, TCP flags, and times where the exporter kept those of the traffic.

    tools/check_captures_with_traffic.py"""

import collections
import json
import socket
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/e2e"))
from packets import conversations  # noqa: E402

START = 1_700_000_000
ETHERNET = 14
# Case: conversations; bytes of the "ip" packet, of the "frame" or of the frame with its check sequence ("fcs"); what else is compared:
#   flags, reverse (the other direction in the same row), samples (single packets), sampled (not all packets were counted),
#   some (not all flows were exported)
#   times=MICROSECONDS: those of the conversation in both directions, as softflowd and nfprobe have one flow for both
CASES = {
    "exporter-softflowd-v1": (12, "ip", "times=2000"),
    "exporter-softflowd-v5": (12, "ip", "times=2000 flags"),
    # The header has whole seconds only.
    "exporter-softflowd-v9": (12, "ip", "times=1000000 flags"),
    "exporter-softflowd-ipfix": (8, "ip", "times=2000 flags"),
    "exporter-softflowd-ipfix-seconds": (8, "ip", "times=1000000 flags"),
    "exporter-softflowd-ipfix-milliseconds": (8, "ip", "times=1000 flags"),
    "exporter-softflowd-ipfix-microseconds": (8, "ip", "times=1 flags"),
    "exporter-softflowd-ipfix-nanoseconds": (8, "ip", "times=1 flags"),
    "exporter-softflowd-ipfix-biflow": (12, "ip", "times=1000 reverse flags"),
    "exporter-softflowd-v9-sampled": (12, "ip", "sampled"),
    # The traffic is three years older than nfprobe: more than an uptime can say.
    "exporter-pmacct-v5": (12, "ip", "flags"),
    "exporter-pmacct-v9": (12, "ip", "times=1000 flags"),
    "exporter-pmacct-v10": (12, "ip", "times=1000 flags"),
    "exporter-pmacct-sflow": (3, "fcs", "samples"),
    "exporter-fprobe-v1": (12, "ip", ""),
    "exporter-fprobe-v5": (12, "ip", "flags"),
    "exporter-fprobe-v7": (12, "ip", "flags"),
    "exporter-openvswitch-v5": (12, "frame", "some"),
    "exporter-openvswitch-ipfix": (3, "ip", ""),
    "exporter-openvswitch-sflow": (12, "fcs", "samples"),
}
LESS = {"ip": ETHERNET, "frame": 0, "fcs": -4}


def packet(at, frame):
    """(key, bytes on the link, TCP flags, microseconds)"""
    six = frame[12:14] == b"\x86\xdd"
    protocol, at_payload, family, size, first = (frame[20], 54, socket.AF_INET6, 16, 22) if six else (frame[23], 34, socket.AF_INET, 4, 26)
    source, destination = (socket.inet_ntop(family, frame[first + i * size:first + (i + 1) * size]) for i in (0, 1))
    ports = struct.unpack("!HH", frame[at_payload:at_payload + 4]) if protocol in (6, 17) else (None, None)
    flags = frame[at_payload + 13] if protocol == 6 else 0
    return (source, destination, *ports, protocol), len(frame), flags, round((START + at) * 1e6)


def key_of(row, reverse=False):
    ports = (row.get("src_port"), row.get("dst_port")) if row["proto"] in (6, 17) else (None, None)
    if reverse:
        return row["dst_addr"], row["src_addr"], ports[1], ports[0], row["proto"]
    return row["src_addr"], row["dst_addr"], *ports, row["proto"]


def micros(text):
    from datetime import datetime, timezone
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(whole.timestamp()) * 1_000_000 + int(text[20:26])


def conversation(key):
    """What has one time for both directions; echo requests and replies are of different types."""
    return key if None in key else frozenset(((key[0], key[2]), (key[1], key[3])))


def read_flows(packets, less):
    """key -> packets, bytes, flags; conversation -> first and last time"""
    flows, times = {}, {}
    for key, size, flags, at in packets:
        flow = flows.setdefault(key, [0, 0, 0])
        flow[0] += 1
        flow[1] += size - less
        flow[2] |= flags
        times.setdefault(conversation(key), [at, at])[1] = at
    return flows, times


def check_samples(rows, packets, less):
    there = collections.Counter((key, size - less) for key, size, _, _ in packets)
    for row in rows:
        one = (key_of(row), row["bytes"])
        if there[one] == 0:
            yield f"no such packet: {one}"
        there[one] -= 1


def check_row(row, reverse, flow, what):
    prefix = "reverse_" if reverse else ""
    wanted = {} if "sampled" in what else {f"{prefix}packets": flow[0], f"{prefix}bytes": flow[1]}
    if "flags" in what and row["proto"] == 6:
        wanted[f"{prefix}tcp_flags"] = flow[2]
    for column, value in wanted.items():
        if row.get(column) != value:
            yield f"{column} {row.get(column)}, traffic {value}"


def check_times(row, first, last, tolerance):
    for column, value in (("time_flow_start", first), ("time_flow_end", last)):
        if abs(micros(row[column]) - value) > tolerance:
            yield f"{column} {row[column]}, traffic {value}"


def check(name, count, unit, what):
    """Texts of what differs."""
    rows = [json.loads(line) for line in (ROOT / "testdata/captures" / name / "expected.ndjson").read_text().splitlines()]
    packets = [packet(*one) for one in conversations(count, seed=13, ipv6=True)]
    if what == "samples":
        return list(check_samples(rows, packets, LESS[unit]))
    flows, times = read_flows(packets, LESS[unit])
    if {row["type"] for row in rows} & {2, 5, 6}:
        flows = {key: flow for key, flow in flows.items() if ":" not in key[0]}
    tolerance = [int(word.split("=")[1]) for word in what.split() if word.startswith("times=")]
    seen = collections.Counter()
    texts = []
    for row in rows:
        for reverse in (False, True) if "reverse" in what else (False,):
            # A biflow may have packets in one direction only.
            if row.get("reverse_packets" if reverse else "packets") == 0:
                continue
            key = key_of(row, reverse)
            if key not in flows:
                texts.append(f"no such flow: {key}")
                continue
            seen[key, row.get("flow_direction"), row.get("out_if")] += 1
            found = list(check_row(row, reverse, flows[key], what))
            if tolerance:
                found += check_times(row, *times[conversation(key)], *tolerance)
            texts += [f"{key}: {text}" for text in found]
    missing = set(flows) - {key for key, *_ in seen}
    if missing and not {"sampled", "some"} & set(what.split()):
        texts.append(f"missing: {sorted(missing, key=str)}")
    return texts + [f"twice: {key}" for key, number in seen.items() if number > 1]


def main():
    status = 0
    for name, rule in CASES.items():
        texts = check(name, *rule)
        print(f"{name}: {'agrees' if not texts else 'DIFFERS'}")
        for text in texts:
            print(f"    {text}")
        status |= bool(texts)
    return status


if __name__ == "__main__":
    sys.exit(main())
