"""Exporters whose flows can be told apart, for tests of the journal: every flow has a number, which is its source address. And what a
journal on the disk has, read without weir."""

import itertools
import random
import socket
import struct
import time
from pathlib import Path

FIELDS = ((8, 4), (12, 4), (1, 4), (2, 4))  # source, destination, bytes, packets
_start = time.time()
_numbers = itertools.count(1 << 24)


def uptime():
    """Of all exporters, in milliseconds."""
    return 1_000_000 + int((time.time() - _start) * 1000)


def take(count):
    return list(itertools.islice(_numbers, count))


class Peer:
    """One exporter. `sent` has the numbers of its flows, datagram by datagram."""

    def __init__(self, seed, connect=socket.SOCK_DGRAM):
        self.random = random.Random(seed)
        self.connect_as = connect
        self.socket = None
        self.sequence = 0
        self.sent = []

    def open(self, port):
        if self.connect_as == socket.SOCK_STREAM or self.socket is None:
            self.close()
            self.socket = socket.socket(socket.AF_INET, self.connect_as)
        if self.connect_as == socket.SOCK_STREAM:
            self.socket.connect(("127.0.0.1", port))
            self.begin_connection()
        self.port = port

    def begin_connection(self):
        pass

    def close(self):
        if self.socket:
            self.socket.close()

    def send(self, payload, numbers):
        if self.connect_as == socket.SOCK_STREAM:
            self.socket.sendall(payload)
        else:
            self.socket.sendto(payload, ("127.0.0.1", self.port))
        self.sent.append(numbers)

    def announce(self):
        pass


class V5(Peer):
    def data(self):
        numbers = take(self.random.randint(1, 30))
        records = b"".join(struct.pack("!I4s4sHHIIIIHHBBBBHHBBH", n, bytes([10, 0, 1, 1]), bytes(4), 1, 2, 10, 1000, 900_000, 950_000, 443,
                                       50_000, 0, 16, 6, 0, 0, 0, 24, 24, 0) for n in numbers)
        header = struct.pack("!HHIIIIBBH", 5, len(numbers), uptime(), int(time.time()), 0, self.sequence, 0, 0, 0)
        self.sequence += len(numbers)
        self.send(header + records, numbers)


class Templates(Peer):
    """NetFlow v9 or IPFIX with a few templates. Each is announced after data of it have been sent, except over TCP."""

    def __init__(self, seed, version, **options):
        super().__init__(seed, **options)
        self.version = version
        self.domain = seed & 0xFFFF

    def message(self, sets, records):
        if self.version == 9:
            header = struct.pack("!HHIIII", 9, records, uptime(), int(time.time()), self.sequence, self.domain)
            self.sequence += 1
        else:
            header = struct.pack("!HHIII", 10, 16 + len(sets), int(time.time()), self.sequence, self.domain)
            self.sequence += records
        return header + sets

    def template_set(self, template):
        record = struct.pack("!HH", template, len(FIELDS)) + b"".join(struct.pack("!HH", *field) for field in FIELDS)
        return struct.pack("!HH", 0 if self.version == 9 else 2, 4 + len(record)) + record

    def announce(self):
        for template in (256, 257, 258):
            if self.version == 9:
                self.send(self.message(self.template_set(template), 1), [])
            else:
                self.send(self.message(self.template_set(template), 0), [])

    def begin_connection(self):
        self.sequence = 0
        self.announce()

    def data(self):
        sets, numbers = b"", []
        for template in self.random.sample((256, 257, 258), self.random.randint(1, 3)):
            some = take(self.random.randint(1, 15))
            body = b"".join(struct.pack("!I4sII", n, bytes([10, 0, 1, 2]), 1000, 10) for n in some)
            sets += struct.pack("!HH", template, 4 + len(body)) + body
            numbers += some
        self.send(self.message(sets, len(numbers)), numbers)
        if self.connect_as == socket.SOCK_DGRAM and self.random.random() < 0.05:
            template = self.random.choice((256, 257, 258))
            self.send(self.message(self.template_set(template), 1 if self.version == 9 else 0), [])


class Sflow(Peer):
    """Flow samples, and counter samples whose interface is the number of the last flow."""

    def data(self):
        numbers = take(self.random.randint(1, 8))
        samples = b""
        for n in numbers:
            packet = struct.pack("!IIIIIIII", 100, 6, n, 0x0A000103, 443, 50_000, 16, 0)
            record = struct.pack("!II", 3, len(packet)) + packet
            body = struct.pack("!IIIIIIII", n, 1, 100, n, 0, 1, 2, 1) + record
            samples += struct.pack("!II", 1, len(body)) + body
        interface = numbers[-1] & 0xFFFFFF
        counters = struct.pack("!IIQIIQIIIIIIQIIIIII", interface, 6, 10**9, 1, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0)
        body = struct.pack("!III", self.sequence + 1, interface, 1) + struct.pack("!II", 1, len(counters)) + counters
        samples += struct.pack("!II", 2, len(body)) + body
        self.sequence += 1
        header = struct.pack("!IIIIIII", 5, 1, 0x7F000001, 0, self.sequence, uptime(), len(numbers) + 1)
        self.send(header + samples, numbers)


def datagrams(store):
    """The payloads in the journal of a store, as far as they are whole."""
    found = []
    for path in sorted((Path(store) / "journal").glob("*.journal")):
        data = path.read_bytes()
        at = 44
        while at + 17 <= len(data):
            _, length, kind, _ = struct.unpack_from("!IIBQ", data, at)
            if kind == 0:
                break
            if kind == 1:
                found.append(data[at + 17 + 34:at + 17 + length])
            at += 17 + length
    return found


def numbers_of(payload):
    """Of the flows in a datagram of a peer."""
    version = struct.unpack_from("!H", payload)[0]
    if version == 5:
        return [struct.unpack_from("!I", payload, 24 + 48 * i)[0] for i in range((len(payload) - 24) // 48)]
    if version in (9, 10):
        at, found = (20 if version == 9 else 16), []
        while at + 4 <= len(payload):
            identifier, length = struct.unpack_from("!HH", payload, at)
            if identifier >= 256:
                found += [struct.unpack_from("!I", payload, record)[0] for record in range(at + 4, at + length, 16)]
            at += length
        return found
    found, at = [], 28
    while at + 8 <= len(payload):
        kind, length = struct.unpack_from("!II", payload, at)
        if kind == 1:
            found.append(struct.unpack_from("!I", payload, at + 8 + 32 + 8 + 8)[0])
        at += 8 + length
    return found
