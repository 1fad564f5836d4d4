"""Events of NAT gateways and firewalls: the query of docs/events.md, as it stands there, over hand-made exports."""

import re
import socket
import struct
import unittest
from pathlib import Path

import packets
from weir_process import Case, rows, weir

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/events.md"
START = 1_700_000_000  # 2023-11-14 22:13:20 UTC
OUTSIDE = "203.0.113.9"


def v9(second, sets, sequence, source_id=1):
    return struct.pack("!HHIIII", 9, 1, 1_000_000 + second * 1000, START + second, sequence, source_id) + sets


def ipfix(second, sets, sequence, domain=1):
    return struct.pack("!HHIII", 10, 16 + len(sets), START + second, sequence, domain) + sets


def a_set(number, body):
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", number, 4 + len(body)) + body


def template(number, fields):
    return struct.pack("!HH", number, len(fields)) + b"".join(struct.pack("!HH", *field) for field in fields)


def address(text):
    return socket.inet_aton(text)


def milliseconds(second):
    return struct.pack("!Q", (START + second) * 1000)


NEL = [(323, 8), (8, 4), (225, 4), (7, 2), (227, 2), (4, 1), (230, 1), (234, 4)]
BLOCK = [(323, 8), (8, 4), (225, 4), (361, 2), (362, 2), (230, 1), (234, 4)]
STEPPED = [(323, 8), (8, 4), (225, 4), (361, 2), (363, 2), (364, 2), (230, 1)]
NSEL = [(148, 4), (8, 4), (7, 2), (12, 4), (11, 2), (4, 1), (225, 4), (227, 2), (233, 1), (33002, 2), (323, 8), (152, 8), (231, 4), (232, 4),
        (33000, 12), (40000, 20)]


def nel(second, inside, inside_port, port, event, proto=6, vrf=5):
    return milliseconds(second) + address(inside) + address(OUTSIDE) + struct.pack("!HHBBI", inside_port, port, proto, event, vrf)


def block(second, inside, first, last, event):
    return milliseconds(second) + address(inside) + address(OUTSIDE) + struct.pack("!HHBI", first, last, event, 0)


def stepped(second, inside, first, step, count, event):
    return milliseconds(second) + address(inside) + address(OUTSIDE) + struct.pack("!HHHB", first, step, count, event)


def nsel(second, created, inside, inside_port, port, event, user):
    return (struct.pack("!I", 9) + address(inside) + struct.pack("!H", inside_port) + address("198.51.100.7") + struct.pack("!HB", 443, 6) +
            address(OUTSIDE) + struct.pack("!HBH", port, event, 2018 if event == 2 else 0) + milliseconds(second) + milliseconds(created) +
            struct.pack("!II", 100, 2000) + bytes.fromhex("0f8e7ff3fc1a030f00000000") + user.encode().ljust(20, b"\0"))


class WhoHadIt(Case):
    def setUp(self):
        super().setUp()
        gateway, asa, carrier = "192.0.2.1", "192.0.2.2", "192.0.2.3"
        frames = [
            (0, packets.export(gateway, v9(0, a_set(0, template(256, NEL)), 0))),
            # Port 1030 is 10.0.0.1's, then, a minute later, 10.0.0.2's, of whom no end is seen.
            (10, packets.export(gateway, v9(10, a_set(256, nel(10, "10.0.0.1", 40000, 1030, 1)), 1))),
            (70, packets.export(gateway, v9(70, a_set(256, nel(70, "10.0.0.1", 40000, 1030, 2) + nel(70, "10.0.0.2", 50000, 1030, 4)), 2))),
            (0, packets.export(asa, v9(0, a_set(0, template(260, NSEL)), 0))),
            (20, packets.export(asa, v9(20, a_set(260, nsel(20, 20, "10.1.0.1", 1111, 2000, 1, "alice")), 1))),
            (50, packets.export(asa, v9(50, a_set(260, nsel(50, 20, "10.1.0.1", 1111, 2000, 2, "alice")), 2))),
            # The event of its creation was lost.
            (90, packets.export(asa, v9(90, a_set(260, nsel(90, 60, "10.1.0.2", 2222, 2001, 2, "bob")), 3))),
            (0, packets.export(carrier, ipfix(0, a_set(2, template(300, BLOCK) + template(301, STEPPED)), 0))),
            (5, packets.export(carrier, ipfix(5, a_set(300, block(5, "100.64.0.1", 4096, 4607, 16)), 0))),
            (105, packets.export(carrier, ipfix(105, a_set(300, block(105, "100.64.0.1", 4096, 4607, 17) +
                                                           block(105, "100.64.0.2", 4096, 4607, 16)), 1))),
            (6, packets.export(carrier, ipfix(6, a_set(301, stepped(6, "100.64.0.3", 8000, 4, 10, 16)), 3))),
        ]
        packets.write_pcap(self.folder / "events.pcap", sorted(frames, key=lambda frame: frame[0]), START)
        self.store = self.folder / "store"
        weir("replay", self.folder / "events.pcap", "--store", self.store)

    def who(self, port, second):
        sql = re.search(r"```sql\n(WITH asked.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
        sql, changed = re.subn(r"SELECT ip\('[^']*'\) AS address, \d+ AS port, TIMESTAMP '[^']*' AS moment",
                               f"SELECT ip('{OUTSIDE}') AS address, {port} AS port, "
                               f"make_timestamp({(START + second) * 1_000_000}) AS moment", sql)
        self.assertEqual(changed, 1, "the query begins with what is asked")
        return [(row["inside_address"], row["inside_port"], row["user_name"], row["exporter"])
                for row in rows("sql", "--store", self.store, sql.strip().rstrip(";"))]

    def test_sessions(self):
        first, second = ("10.0.0.1", 40000, None, "192.0.2.1"), ("10.0.0.2", 50000, None, "192.0.2.1")
        self.assertEqual(self.who(1030, 9), [])
        self.assertEqual(self.who(1030, 11), [first])
        self.assertEqual(self.who(1030, 69), [first])
        self.assertEqual(self.who(1030, 71), [second])
        self.assertEqual(self.who(1030, 9000), [second], "no end was seen")
        self.assertEqual(self.who(1031, 11), [])

    def test_firewalls(self):
        self.assertEqual(self.who(2000, 30), [("10.1.0.1", 1111, "alice", "192.0.2.2")])
        self.assertEqual(self.who(2000, 51), [])
        self.assertEqual(self.who(2001, 75), [("10.1.0.2", 2222, "bob", "192.0.2.2")], "from its teardown alone")
        self.assertEqual(self.who(2001, 59), [])

    def test_port_blocks(self):
        self.assertEqual(self.who(4096, 6), [("100.64.0.1", None, None, "192.0.2.3")])
        self.assertEqual(self.who(4607, 104), [("100.64.0.1", None, None, "192.0.2.3")])
        self.assertEqual(self.who(4608, 104), [])
        self.assertEqual(self.who(4300, 106), [("100.64.0.2", None, None, "192.0.2.3")])

    def test_port_blocks_with_a_step(self):
        self.assertEqual(self.who(8036, 7), [("100.64.0.3", None, None, "192.0.2.3")], "the tenth port")
        self.assertEqual(self.who(8037, 7), [])
        self.assertEqual(self.who(8040, 7), [])

    def test_the_example_of_the_document(self):
        sql = re.search(r"```sql\n(WITH asked.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
        answer = rows("sql", "--store", self.store, sql.strip().rstrip(";"))
        self.assertEqual([(row["inside_address"], row["vrf"]) for row in answer], [("10.0.0.2", 5)])

    def test_columns_of_an_asa(self):
        row = rows("sql", "--store", self.store, "select firewall_ext_event, ingress_acl, bytes, reverse_bytes from flows "
                   "where firewall_event = 2 and user_name = 'alice'")
        self.assertEqual(row, [{"firewall_ext_event": 2018, "ingress_acl": "0f8e7ff3-fc1a030f-00000000", "bytes": 100, "reverse_bytes": 2000}])


if __name__ == "__main__":
    unittest.main()
