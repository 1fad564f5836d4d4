"""Flows with everything that nfdump 1.7.1 keeps, as NetFlow v9: routed IPv4 and IPv6 with MAC addresses, VLANs, MPLS and VRFs, firewall
events (NSEL) and NAT events (NEL). Every flow has a destination of its own, by which both sides name it."""

import random
import socket
import struct

UPTIME_MS = 5_000_000
EXPORT_S = 1_795_000_000
COMMON = ((7, 2), (11, 2), (4, 1))
ROUTED = COMMON + (
    (6, 1), (5, 1), (55, 1), (61, 1), (89, 1), (9, 1), (13, 1), (10, 4), (14, 4), (1, 8), (2, 8), (23, 8), (24, 8), (3, 8), (16, 4), (17, 4),
    (128, 4), (129, 4), (58, 2), (59, 2), (56, 6), (57, 6), (80, 6), (81, 6), (22, 4), (21, 4), (234, 4), (235, 4), (52, 1), (53, 1),
) + tuple((number, 3) for number in range(70, 80))
TEMPLATES = {
    256: ((8, 4), (12, 4), (15, 4), (18, 4)) + ROUTED,
    257: ((27, 16), (28, 16), (62, 16), (63, 16)) + ROUTED,
    # ICMP: the type and code of element 32 instead of ports.
    258: ((8, 4), (12, 4), (4, 1), (32, 2), (1, 4), (2, 4), (22, 4), (21, 4), (5, 1)),
    # Cisco ASA: what a connection was allowed or denied by.
    259: ((148, 4), (8, 4), (12, 4)) + COMMON + ((10, 2), (14, 2), (225, 4), (226, 4), (227, 2), (228, 2), (233, 1), (33002, 2), (323, 8),
                                               (33000, 12), (33001, 12), (231, 4), (232, 4), (40000, 20)),
    # Carrier grade NAT: sessions and blocks of ports.
    260: ((8, 4), (12, 4), (225, 4), (226, 4)) + COMMON + ((227, 2), (228, 2), (230, 1), (323, 8), (234, 4), (235, 4), (361, 2), (362, 2),
                                                          (363, 2), (364, 2)),
}
PORTS = (22, 53, 80, 443, 1024, 8080, 50000, 65535)
AS = (64500, 64501, 65536, 4_200_000_000)


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


class Flows:
    def __init__(self, seed=16, each=60):
        self.random = random.Random(seed)
        self.names = []  # destinations
        self.by_template = {template: set() for template in TEMPLATES}  # the same
        self.records = {template: [self.record(template) for _ in range(each if template < 258 else each // 2)] for template in TEMPLATES}

    def record(self, template):
        index = len(self.names) + 1
        if template == 257:
            name = f"2001:db8:ffff::{index:x}"
        else:
            name = f"198.18.{index >> 8}.{index & 255}"
        self.names.append(name)
        self.by_template[template].add(name)
        values = self.values(template)
        values[28 if template == 257 else 12] = address(name)
        return b"".join(self.field(values[number], length) for number, length in TEMPLATES[template])

    @staticmethod
    def field(value, length):
        return value if isinstance(value, bytes) else value.to_bytes(length, "big")

    def values(self, template):
        one = self.random.choice
        proto = 1 if template == 258 else one((6, 6, 17, 17, 47, 132)) if template != 257 else one((6, 17, 58))
        packets = one((1, 2, 10, 1000, 1_500_000))
        start = one((100_000, 4_000_000, 4_999_000))
        label = lambda: one((0, 16, 1000, 1_048_575)) << 4 | one((0, 1, 5, 7)) << 1
        values = {
            4: proto, 7: one(PORTS), 11: one(PORTS), 6: one((0, 2, 16, 18, 24, 27, 63)) if proto == 6 else 0, 5: one((0, 8, 184)),
            55: one((0, 8, 184)), 61: one((0, 1)), 89: one((0, 64, 65, 128, 131)), 9: one((0, 8, 24, 32)), 13: one((0, 16, 24)),
            10: one((0, 1, 3, 70000 if template < 258 else 7)), 14: one((0, 2, 3)), 2: packets, 1: packets * one((40, 64, 1500)),
            24: one((0, 5, 2000)), 23: one((0, 500, 3_000_000)), 3: one((0, 1, 3)), 16: one(AS), 17: one(AS), 128: one((0,) + AS),
            129: one((0,) + AS), 58: one((0, 10, 100)), 59: one((0, 10, 4095)), 22: start, 21: start + one((0, 1, 250, 60_000)),
            234: one((0, 1, 5)), 235: one((0, 2, 5)), 52: one((1, 64)), 53: one((64, 255)),
            32: one((0x0800, 0x0000, 0x0301, 0x0b00)),
            148: self.random.getrandbits(31), 233: one((1, 2, 3, 5)), 33002: one((0, 1001, 1002, 1003, 1004, 2030)),
            323: (EXPORT_S - 30) * 1000 + one((0, 500)), 231: one((0, 100, 70000)), 232: one((0, 200, 90000)),
            33000: struct.pack("!III", one((0, 5, 0xdeadbeef)), one((0, 6)), one((0, 7))),
            33001: struct.pack("!III", one((0, 5, 0xcafe)), one((0, 9)), 0), 40000: one((b"alice", b"bob")).ljust(20, b"\0"),
            230: one((1, 2, 4, 5, 16, 17)), 227: one(PORTS), 228: one(PORTS), 361: one((50, 1024)), 362: one((2047, 60000)), 363: one((1, 8)),
            364: one((64, 1024)),
        }
        for number in (56, 57, 80, 81):
            values[number] = bytes((2, 0, 0, 0, 0, one((1, 2, 3, 4))))
        for number in range(70, 80):
            values[number] = label()
        values[8] = address(one(("10.0.0.1", "10.0.0.2", "10.1.2.3", "172.16.9.9", "192.0.2.7")))
        values[27] = address(one(("2001:db8::1", "2001:db8::2", "2001:db8:1::1", "fe80::1")))
        values[15], values[18] = address(one(("192.0.2.1", "192.0.2.2"))), address(one(("192.0.2.1", "192.0.2.3")))
        values[62], values[63] = address(one(("2001:db8:2::1", "2001:db8:2::2"))), address(one(("2001:db8:2::1", "2001:db8:2::3")))
        values[225], values[226] = address(one(("203.0.113.1", "203.0.113.2"))), address(one(("203.0.113.2", "192.0.2.9")))
        if proto == 58:  # the type and code instead of the destination port, as exporters send them
            values[7], values[11] = 0, one((0x8000, 0x8100, 0x0104))
        return values

    def datagrams(self, domain=0x0203):
        """First the templates, then the data, a few flows in each."""
        sequence = 0
        sets = b""
        for template, fields in TEMPLATES.items():
            sets += struct.pack("!HH", template, len(fields)) + b"".join(struct.pack("!HH", *field) for field in fields)
        bodies = [(len(TEMPLATES), struct.pack("!HH", 0, 4 + len(sets)) + sets)]
        for template, records in self.records.items():
            for at in range(0, len(records), 5):
                body = b"".join(records[at:at + 5])
                body += bytes(-len(body) % 4)
                bodies.append((len(records[at:at + 5]), struct.pack("!HH", template, 4 + len(body)) + body))
        for count, body in bodies:
            yield struct.pack("!HHIIII", 9, count, UPTIME_MS, EXPORT_S, sequence, domain) + body
            sequence += 1
