"""Packets on an observed network, written by hand, and captures of them: what a real exporter such as softflowd reads."""

import random
import socket
import struct


def _ethernet(kind, payload):
    return b"\x02\0\0\0\0\x01" + b"\x02\0\0\0\0\x02" + struct.pack("!H", kind) + payload


def _ip(source, destination, protocol, payload):
    if ":" in source:
        header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
        return _ethernet(0x86DD, header + socket.inet_pton(socket.AF_INET6, source) +
                         socket.inet_pton(socket.AF_INET6, destination) + payload)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return _ethernet(0x0800, header + socket.inet_aton(source) + socket.inet_aton(destination) + payload)


def datagram(source, source_port, destination, destination_port, payload):
    return _ip(source, destination, 17,
               struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload)


def udp(source, source_port, destination, destination_port, length):
    return datagram(source, source_port, destination, destination_port, bytes(length))


def export(source, payload, port=2055):
    """A datagram of an exporter."""
    header = struct.pack("!HHHH", 50_000, port, 8 + len(payload), 0)
    return _ip(source, "192.0.2.254", 17, header + payload)


def tcp(source, source_port, destination, destination_port, flags, length):
    header = struct.pack("!HHIIBBHHH", source_port, destination_port, 0, 0, 5 << 4, flags, 65535, 0, 0)
    return _ip(source, destination, 6, header + bytes(length))


def icmp(source, destination, kind, length):
    return _ip(source, destination, 1, struct.pack("!BBHHH", kind, 0, 0, 1, 1) + bytes(length))


def conversations(count, seed, ipv6):
    """TCP conversations in both directions, UDP and ICMP, mixed up in time as on a real link."""
    rng = random.Random(seed)
    packets = []
    for n in range(count):
        kind = rng.choices(("tcp", "udp", "icmp"), (6, 3, 1))[0]
        six = ipv6 and kind != "icmp" and rng.random() < 0.3
        client = f"2001:db8:1::{n + 1:x}" if six else f"10.1.{n // 250}.{n % 250 + 1}"
        server = f"2001:db8:2::{rng.randrange(1, 20):x}" if six else f"192.0.2.{rng.randrange(1, 20)}"
        port = 10_000 + n
        start = rng.uniform(0, 60)
        for i in range(rng.randrange(2, 30)):
            at = start + i * rng.uniform(0.001, 0.5)
            there = rng.random() < 0.5 or i == 0
            a, b = (client, server) if there else (server, client)
            if kind == "tcp":
                ports = (port, 443) if there else (443, port)
                packets.append((at, tcp(a, ports[0], b, ports[1], 0x02 if i == 0 else 0x18, rng.randrange(0, 1400))))
            elif kind == "udp":
                ports = (port, 53) if there else (53, port)
                packets.append((at, udp(a, ports[0], b, ports[1], rng.randrange(0, 1200))))
            else:
                packets.append((at, icmp(a, b, 8 if there else 0, 56)))
    return sorted(packets, key=lambda p: p[0])


def write_pcap(path, packets, start=1_700_000_000):
    """A capture of (seconds, frame) pairs."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in packets:
            micros = round((start + at) * 1e6)
            file.write(struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(frame), len(frame)) + frame)
