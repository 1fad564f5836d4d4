"""weir exporters: who speaks behind an address, and how sure its loss is, for people and for programs."""

import json
import os
import pty
import struct
import subprocess
import unittest

from ipfix import IpfixExporter, data_set, message, template_set
from packets import export, write_pcap
from weir_process import WEIR, Case, Collector, Exporter, rows, wait_for, weir

START = 1_700_000_000


def v9(at, number, boot):
    """A NetFlow v9 datagram of a device that was started at `boot`, both in seconds since START."""
    record = struct.pack("!HHHHHH", 256, 2, 7, 2, 11, 2)
    sets = struct.pack("!HH", 0, 4 + len(record)) + record + data_set(1)
    return struct.pack("!HHIIII", 9, 2, (at - boot) * 1000, START + at, number, 0) + sets


def v5(at, number, count, boot=-5000):
    header = struct.pack("!HHIIIIBBH", 5, count, (at - boot) * 1000, START + at, 0, number, 0, 0, 0)
    return header + bytes(48 * count)


def on_screen(columns, *arguments):
    """What a command shows on a terminal of so many columns."""
    main, screen = pty.openpty()
    subprocess.run(["stty", "cols", str(columns)], stdin=screen, check=True)
    process = subprocess.Popen([WEIR, *map(str, arguments)], stdout=screen, stderr=screen)
    os.close(screen)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the terminal is gone with the last who wrote to it
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    assert process.wait() == 0
    return shown.decode().replace("\r", "").replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()


class Exporters(Case):
    def replay(self, datagrams):
        """Of (second, exporter, payload); the store."""
        capture, store = self.folder / "exporters.pcap", self.folder / "store"
        write_pcap(capture, [(at, export(source, payload)) for at, source, payload in datagrams], START)
        weir("replay", "--store", store, capture)
        return store

    def of(self, store, exporter):
        [row] = [r for r in rows("exporters", "--store", store) if r["exporter"] == exporter]
        return row

    def told(self, store, messages):
        """What is told of streams, once it is of so many messages."""
        streams = rows("exporters", "--store", store, "--streams")
        return streams if sum(s["messages"] for s in streams) == messages else None

    def relay_and_zeros(self):
        """Two devices behind 192.0.2.1, of which one loses 3; 192.0.2.2 has numbers that are always 0; behind 192.0.2.3 are both kinds."""
        sent = []
        for i in range(20):
            sent.append((i, "192.0.2.1", v9(i, 100 + i + (3 if i > 9 else 0), -9000)))
            sent.append((i + 0.3, "192.0.2.1", v9(i, 70_000 + i, -90_000)))
            sent.append((i + 0.5, "192.0.2.2", v5(i, 0, 1 + i % 7)))
            sent.append((i + 0.6, "192.0.2.3", v5(i, 0, 1 + i % 7)))
            sent.append((i + 0.7, "192.0.2.3", v9(i, 10 + i + (5 if i > 9 else 0), -5000)))
        return self.replay(sent)

    def test_loss_is_a_number_only_where_it_is_known(self):
        store = self.relay_and_zeros()
        relay = self.of(store, "192.0.2.1")
        self.assertEqual((relay["lost"], relay["loss_known"], relay["streams"], relay["clocks"]), (3, "all", 2, 2))
        zeros = self.of(store, "192.0.2.2")
        self.assertEqual((zeros["lost"], zeros["loss_known"], zeros["streams"], zeros["loss_unknown_streams"]), (None, "none", 1, 1))
        self.assertEqual((zeros["lost_counted"], zeros["anomalies"]), (0, ""))
        both = self.of(store, "192.0.2.3")
        self.assertEqual((both["lost"], both["loss_known"], both["streams"], both["clocks"], both["loss_unknown_streams"]),
                         (5, "part", 2, 1, 1))
        ledger = json.loads((store / "ledger.json").read_text())
        self.assertEqual(ledger["total"]["lost_units"], 8)
        self.assertEqual(ledger["total"]["streams"], 5)

    def test_each_stream_has_a_row(self):
        store = self.relay_and_zeros()
        streams = rows("exporters", "--store", store, "--streams")
        self.assertEqual([(s["exporter"], s["protocol"]) for s in streams],
                         [("192.0.2.1", "NetFlow v9")] * 2 + [("192.0.2.2", "NetFlow v5"), ("192.0.2.3", "NetFlow v5"),
                                                             ("192.0.2.3", "NetFlow v9")])
        first, second, zeros = streams[:3]
        self.assertEqual({first["booted"], second["booted"]}, {"2023-11-14T19:43:20.000000Z", "2023-11-13T21:13:20.300000Z"})
        self.assertEqual((first["lost"], second["lost"], zeros["lost"]), (3, 0, None))
        self.assertEqual((first["doubt"], zeros["doubt"]), (None, "erratic"))
        self.assertEqual((first["shares_port"], zeros["shares_port"]), (True, False))
        self.assertEqual((first["messages"], first["templates"], first["port"]), (20, 1, 50_000))
        self.assertEqual(first["last_heard"], "2023-11-14T22:13:39.000000Z")

    def test_tables_fit_a_small_screen(self):
        store = self.relay_and_zeros()
        lines = on_screen(80, "exporters", "--store", store)
        table = {line.split()[0]: line for line in lines[1:] if line}
        self.assertRegex(table["192.0.2.1"], r" 3 +2  sequence_gap 1$")
        self.assertRegex(table["192.0.2.2"], r" unknown +1$")
        self.assertRegex(table["192.0.2.3"], r" >= 5 +2  sequence_gap 1$")
        self.assertLessEqual(max(map(len, lines[1:])), 80)
        lines = on_screen(80, "exporters", "--store", store, "--streams")
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual(lines[0].split(), ["exporter", "protocol", "domain", "port", "booted", "messages", "lost", "doubt"])
        self.assertRegex(lines[3], r"^192\.0\.2\.2 +NetFlow v5 .* unknown +erratic$")

    # Open vSwitch numbers the last record of a message.
    def test_numbers_that_include_the_message(self):
        sent, number = [], 0
        for i in range(60):
            count = (2, 2, 5, 1, 30, 7)[i % 6]
            number += count
            sent.append((i, "192.0.2.1", v5(i, number, count)))
        row = self.of(self.replay(sent), "192.0.2.1")
        self.assertEqual((row["lost"], row["loss_known"]), (0, "all"))
        self.assertNotIn("exporter_restart", row["anomalies"])

    def test_a_collector_tells_while_it_runs(self):
        for spread in ("exporter", "datagram"):
            store = self.folder / spread
            with self.subTest(spread), Collector(store, "--threads", "2", "--spread", spread) as collector:
                with Exporter(collector.port) as sure, IpfixExporter("127.0.0.2") as zeros:
                    sure.send(10)
                    for _ in range(20):
                        zeros.socket.sendto(message(template_set() + data_set(2)), ("127.0.0.1", collector.port))
                    told = wait_for(lambda: collector.ledger() and self.told(store, 30), "both streams")
                self.assertEqual(collector.stop(), 0)
                self.assertEqual([(s["exporter"], s["protocol"]) for s in told], [("127.0.0.1", "NetFlow v5"), ("127.0.0.2", "IPFIX")])
                self.assertEqual((self.of(store, "127.0.0.1")["lost"], self.of(store, "127.0.0.2")["lost"]), (0, None))
                self.assertEqual(self.of(store, "127.0.0.1")["streams"], 1)

if __name__ == "__main__":
    unittest.main()
