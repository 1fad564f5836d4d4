"""IPFIX messages written by hand: a template of two ports, its data, and an exporter that sends them."""

import struct

from weir_process import Sender

PORTS = ((7, 2), (11, 2))
PORTS_REVERSED = ((11, 2), (7, 2))


def message(sets, sequence=0, domain=0):
    return struct.pack("!HHIII", 10, 16 + len(sets), 1_700_000_000, sequence, domain) + sets


def template_set(fields=PORTS, template=256):
    record = struct.pack("!HH", template, len(fields)) + b"".join(struct.pack("!HH", *f) for f in fields)
    return struct.pack("!HH", 2, 4 + len(record)) + record


def data_set(records, template=256):
    """Each of source port 80 and destination port 443, as PORTS has them."""
    body = struct.pack("!HH", 80, 443) * records
    return struct.pack("!HH", template, 4 + len(body)) + body


def sampling_sets(rate, template=400):
    """An options template with its record: the domain was sampled one in `rate`."""
    record = struct.pack("!HHH", template, 2, 1) + struct.pack("!HHHH", 149, 4, 34, 4)
    return struct.pack("!HH", 3, 4 + len(record)) + record + struct.pack("!HHII", template, 12, 0, rate)


class IpfixExporter(Sender):
    """Sends from one address and port, to any number of collectors."""

    def __init__(self, source="127.0.0.1"):
        super().__init__(source)
        self.sequence = 0

    def send(self, port, sets, records=0):
        self.socket.sendto(message(sets, self.sequence), ("127.0.0.1", port))
        self.sequence += records

    def template(self, port, fields=PORTS):
        self.send(port, template_set(fields))

    def data(self, port, records=10):
        self.send(port, data_set(records), records)
