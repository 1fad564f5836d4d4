"""With a journal no flow is lost that was received, and none is stored twice, at whatever moment the collector is killed. WEIR_KILLS says
how often (200 takes some minutes), WEIR_SEED makes it the same again."""

import collections
import csv
import io
import os
import random
import re
import signal
import socket
import threading
import time
import unittest

from journal_peers import Sflow, Templates, V5, datagrams, numbers_of
from weir_process import Case, Collector, Exporter, rows, wait_for, weir

KILLS = int(os.environ.get("WEIR_KILLS", "4"))
SEED = int(os.environ.get("WEIR_SEED", time.time_ns() & 0xFFFFFFFF))


def waiting_in_sockets(ports):
    """Bytes in the socket buffers of UDP ports."""
    total = 0
    for line in open("/proc/net/udp"):
        match = re.match(r"\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ \S+ [0-9A-F]+:([0-9A-F]+)", line)
        if match and int(match[1], 16) in ports:
            total += int(match[2], 16)
    return total


class Load(threading.Thread):
    """Peers in turns, until stop(). `taken`: so many datagrams of each had left the socket before its last ones were sent, so that they were
    written, too."""

    def __init__(self, peers, ports, seed):
        super().__init__()
        self.peers, self.ports, self.random = peers, ports, random.Random(seed)
        self.stopping = threading.Event()
        self.killing = threading.Event()  # set before: without a socket nothing waits in it
        self.taken = {}
        self.first = {peer: len(peer.sent) for peer in peers}

    def run(self):
        before = {}
        while not self.stopping.is_set():
            for peer in self.random.sample(self.peers, 4):
                try:
                    for _ in range(self.random.randint(1, 20)):
                        peer.data()
                except OSError:  # the collector has gone
                    continue
            now = {peer: len(peer.sent) for peer in self.peers if peer.connect_as == socket.SOCK_DGRAM}
            while waiting_in_sockets(self.ports) and not self.stopping.is_set():
                time.sleep(0.001)
            if not self.killing.is_set():
                self.taken, before = before, now

    def stop(self):
        self.stopping.set()
        self.join()


class Journal(Case):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"
        self.config = self.folder / "weir.toml"

    def configure(self, *lines):
        self.config.write_text("\n".join(
            ['[store]', 'journal = true', 'journal_size = "64MiB"', 'journal_sync = "100ms"', 'flush_interval = "300ms"',
             'compact_after = "10s"', 'delete_grace = "5s"', '[templates]', 'save_every = "500ms"', *lines, ""]))

    def collector(self):
        return Collector(self.store, config=self.config)

    def tcp_port(self, collector):
        return next((int(m[1]) for line in collector.log if (m := re.search(r"accepting TCP on .*:(\d+)$", line))), None)

    def stored(self, sql):
        text = weir("sql", "--store", self.store, "-o", "csv", sql)
        return {row["n"]: int(row["c"]) for row in csv.DictReader(io.StringIO(text))}

    def check(self, peers, must):
        flows = self.stored("select ip_text(src_addr) n, count(*) c from flows group by 1")
        counts = {int.from_bytes(socket.inet_aton(address), "big"): count for address, count in flows.items()}
        sent = {number for peer in peers for numbers in peer.sent for number in numbers}
        twice = [number for number, count in counts.items() if count != 1]
        print(f"seed {SEED}: {len(sent)} flows were sent, {len(must)} of them received for sure, {len(counts)} are stored, "
              f"{len(must - counts.keys())} are missing, {len(twice)} are there twice", flush=True)
        self.explain(peers, "missing", must - counts.keys())
        self.explain(peers, "twice", set(twice))
        self.assertEqual(twice, [])
        self.assertEqual(sorted(must - counts.keys())[:20], [])
        self.assertLessEqual(counts.keys(), sent)
        counters = self.stored("select source_index || ' ' || name n, count(*) c from counters group by 1")
        self.assertEqual([name for name, count in counters.items() if count != 1], [])
        samples = collections.Counter(name.split()[0] for name in counters)
        self.assertEqual(len(set(samples.values())), 1, "every counter sample is whole")

    @staticmethod
    def explain(peers, what, wrong):
        for peer in peers:
            found = [i for i, numbers in enumerate(peer.sent) if wrong.intersection(numbers)]
            if found:
                print(f"  {what}: {type(peer).__name__} of domain {getattr(peer, 'domain', 'none')}: {len(found)} of {len(peer.sent)} "
                      f"datagrams, {found[0]} to {found[-1]}", flush=True)

    def kill_again_and_again(self, kills, *lines, late=True):
        self.configure(*lines)
        rng = random.Random(SEED)
        peers = [V5(1), V5(2), Sflow(5), Sflow(6), Templates(7, 10, connect=socket.SOCK_STREAM)]
        for peer in peers:
            self.addCleanup(peer.close)
        must = set()
        for kill in range(kills + 1):
            # New ones, whose templates come late.
            peers += [Templates(100 + 2 * kill, 9), Templates(101 + 2 * kill, 10)]
            self.addCleanup(peers[-1].close)
            self.addCleanup(peers[-2].close)
            with self.collector() as collector:
                tcp = wait_for(lambda: self.tcp_port(collector), "TCP is accepted")
                for peer in peers:
                    peer.open(tcp if peer.connect_as == socket.SOCK_STREAM else collector.port)
                if kill == kills:
                    self.end(collector, peers, late)
                    break
                load = Load(peers[:5] + peers[-6:], set(collector.ports), rng.random())
                load.start()
                time.sleep(rng.uniform(0.05, 2.5))  # the moment is the test
                load.killing.set()
                collector.kill(signal.SIGKILL)
                collector.join()
                load.stop()
            for peer, count in load.taken.items():
                must.update(number for numbers in peer.sent[load.first[peer]:count] for number in numbers)
            for payload in datagrams(self.store):
                must.update(numbers_of(payload))
        if not late:
            must -= {number for peer in peers if isinstance(peer, Templates) for numbers in peer.sent for number in numbers}
        self.check(peers, must)

    def end(self, collector, peers, late):
        """Every template comes at last, and nothing waits."""
        for peer in peers:
            peer.announce()
        wait_for(lambda: not waiting_in_sockets(set(collector.ports)), "everything is taken")

        def nothing_waits():
            ledger = collector.ledger()
            return ledger and ledger["total"]["datagrams_received"] > 0 and ledger["total"]["early_sets_held"] == 0

        if late:
            wait_for(nothing_waits, "no set waits for its template")
        self.assertEqual(collector.stop(), 0, collector.log)
        self.assertEqual(list((self.store / "journal").iterdir()), [], "a collector that was stopped leaves no journal")
        self.assertAddsUp(collector.ledger())

    def test_killed_again_and_again(self):
        self.kill_again_and_again(KILLS, "[collect]", 'listen_tcp = ["127.0.0.1:0"]')

    def test_with_threads_that_share_exporters(self):
        # Known gap: where threads share exporters, sets may go on waiting after a crash as it is not clear whose they are, and are given up.
        self.kill_again_and_again(max(1, KILLS // 4), "[collect]", 'listen_tcp = ["127.0.0.1:0"]', "threads = 2",
                                  'spread = "datagram"', late=False)

    def test_nothing_is_lost_once_it_was_received(self):
        self.configure()
        with self.collector() as collector, Exporter(collector.port) as exporter:
            exporter.send(100)
            wait_for(lambda: sum(len(numbers_of(d)) for d in datagrams(self.store)) == 3000, "the journal has it")
            collector.kill(signal.SIGKILL)
            collector.join()
        with self.collector() as collector:
            wait_for(lambda: collector.has_logged("100 datagrams of the journal were decoded again"), "it is decoded again")
            self.assertEqual(collector.stop(), 0)
        self.assertEqual(rows("sql", "--store", self.store, "select count(*) n, sum(bytes) b from flows"), [{"n": 3000, "b": 3000000}])

    def test_without_a_journal_what_was_left_is_decoded_all_the_same(self):
        self.configure()
        with self.collector() as collector, Exporter(collector.port) as exporter:
            exporter.send(10)
            wait_for(lambda: len(datagrams(self.store)) == 10, "the journal has it")
            collector.kill(signal.SIGKILL)
            collector.join()
        with Collector(self.store) as collector:
            self.assertEqual(collector.stop(), 0)
        self.assertEqual(rows("sql", "--store", self.store, "select count(*) n from flows"), [{"n": 300}])
        self.assertEqual(list((self.store / "journal").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
