"""Messages of exporters, and files of them with forged sources for hostile_sender."""

import struct
import time

NOW = int(time.time())
LOOPBACK = 127 << 24
# Payload of a datagram that is not fragmented on an Ethernet.
FULL = 1472


def address(a, b, c):
    return LOOPBACK | a << 16 | b << 8 | c


VICTIM = address(9, 9, 9)
VICTIM_PORT = 7000
VICTIM_DOMAIN = 7
VICTIM_TEMPLATE = 300
# Source and destination address, ports, protocol, bytes, packets.
FLOW = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4))
# Others that announce the victim's template in another order.
FLOW_TURNED = ((12, 4), (8, 4), (11, 2), (7, 2), (4, 1), (2, 4), (1, 4))


def flow(source, destination, size, packets=10):
    return struct.pack("!IIHHBII", source, destination, 1000, 80, 6, size, packets)


def fields(*specifiers):
    """(element, length) or (element, length, enterprise)."""
    return b"".join(struct.pack("!HH", *f) if len(f) == 2 else struct.pack("!HHI", f[0] | 0x8000, f[1], f[2]) for f in specifiers)


def template(number, specifiers):
    return struct.pack("!HH", number, len(specifiers)) + fields(*specifiers)


def options_template(number, scopes, others):
    return struct.pack("!HHH", number, len(scopes) + len(others), len(scopes)) + fields(*scopes, *others)


def options_template_v9(number, scopes, others):
    return struct.pack("!HHH", number, 4 * len(scopes), 4 * len(others)) + fields(*scopes, *others)


def a_set(number, body):
    return struct.pack("!HH", number, 4 + len(body)) + body


def ipfix(domain, sets, sequence=0):
    return struct.pack("!HHIII", 10, 16 + len(sets), NOW, sequence & 0xFFFFFFFF, domain) + sets


def netflow_v9(source_id, sets, count=1, sequence=0, uptime=1_000_000):
    return struct.pack("!HHIIII", 9, count, uptime & 0xFFFFFFFF, NOW, sequence & 0xFFFFFFFF, source_id) + sets


def netflow_v5(engine, records, sequence=0, uptime=1_000_000):
    """engine: type * 256 + id."""
    record = struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", bytes([10, 66, 0, 1]), bytes([10, 66, 0, 2]), bytes(4), 1, 2, 10, 1000, 900_000, 950_000, 443, 50_000,
                         0, 16, 6, 0, 0, 0, 24, 24, 0)
    return struct.pack("!HHIIIIHH", 5, records, uptime & 0xFFFFFFFF, NOW, 0, sequence & 0xFFFFFFFF, engine, 0) + record * records


def sflow(agent, sub_agent, samples, sequence=0, count=0):
    return struct.pack("!IIIIIII", 5, 1, agent, sub_agent, sequence & 0xFFFFFFFF, 1_000_000, count) + samples


def variable(body):
    """RFC 7011 section 7."""
    return (bytes([len(body)]) if len(body) < 255 else struct.pack("!BH", 255, len(body))) + body


def fill(head, piece, most=FULL, tail=4):
    """So many pieces as fit into a datagram behind `head` bytes of headers."""
    return piece * ((most - head - tail) // len(piece))


class Payloads:
    """A file of datagrams for hostile_sender."""

    def __init__(self, file):
        self._file = file
        self.datagrams = 0
        self.bytes = 0

    def add(self, source, port, payload):
        self._file.write(struct.pack("!IHH", source, port, len(payload)) + payload)
        self.datagrams += 1
        self.bytes += len(payload)
