"""The filter language beside nfdump's own: the same flows to Debian's nfcapd and to weir collect, then hundreds of filters, each of which
has to find the same flows, or others for a reason that stands here. WEIR_TABLE=1 prints the table."""

import concurrent.futures
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

import nfdump_filters
from nfdump_flows import Flows
from weir_process import Case, Collector, Sender, wait_for, weir


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def socket_state(port):
    """Bytes that wait in the UDP sockets bound to a port; None if there is no such socket."""
    with open("/proc/net/udp") as table:
        lines = [line.split() for line in table.readlines()[1:]]
    waiting = [int(words[4].split(":")[1], 16) for words in lines if int(words[1].split(":")[1], 16) == port]
    return sum(waiting) if waiting else None


class Nfcapd:
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = subprocess.Popen(["nfcapd", "-b", "127.0.0.1", "-p", str(self.port), "-w", str(folder), "-t", "86400", "-I", "here"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: socket_state(self.port) is not None, "nfcapd listens")

    def stop(self):
        wait_for(lambda: socket_state(self.port) == 0, "nfcapd has read everything")
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return sorted(self.folder.glob("nfcapd.2*"))  # two, if a day ended meanwhile


@unittest.skipUnless(shutil.which("nfdump") and shutil.which("nfcapd"), "nfdump is not installed")
class Filters(Case):
    def setUp(self):
        super().setUp()
        self.flows = Flows()
        (self.folder / "nfdump").mkdir()
        nfcapd = Nfcapd(self.folder / "nfdump")
        self.addCleanup(lambda: nfcapd.process.poll() is not None or nfcapd.process.kill())
        with Collector(self.folder / "store") as collector, Sender() as sender:
            for datagram in self.flows.datagrams():
                for port in (collector.port, nfcapd.port):
                    sender.socket.sendto(datagram, ("127.0.0.1", port))
                    wait_for(lambda: socket_state(port) == 0, "the datagram is read")
            self.assertEqual(collector.stop(), 0, collector.log)
        self.files = nfcapd.stop()
        (self.folder / "web.nf").write_text("port in [ 80 443 ]  # web\n")

    def by_nfdump(self, text):
        """The flows that nfdump finds, or None if it refuses the filter."""
        text = text.replace("DIR", str(self.folder))
        # Without a file of places nfdump 1.7.1 refuses AS numbers; any file of its own will do.
        done = subprocess.run(["nfdump", "-G", str(self.files[0]), "-R", str(self.files[0].parent), "-q", "-6", "-o", "fmt:%da", text], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "TZ": "UTC"})
        if done.returncode != 0:
            return None
        return frozenset(line.strip() for line in done.stdout.splitlines() if "." in line or ":" in line)  # not "No matching flows"

    def by_weir(self, text):
        text = text.replace("DIR", str(self.folder))
        done = weir("flows", "-n", "0", "--columns", "dst_addr", "-o", "csv", "--store", self.folder / "store", text)
        return frozenset(done.split()[1:])

    def test_both_find_the_same(self):
        everything = self.by_nfdump("any")
        self.assertEqual(everything, frozenset(self.flows.names))
        self.assertEqual(self.by_weir("any"), everything)
        rows = nfdump_filters.rows()
        self.assertGreaterEqual(len(rows), 280)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            theirs = list(pool.map(lambda row: self.by_nfdump(row.theirs), rows))
            ours = list(pool.map(lambda row: self.by_weir(row.ours), rows))
        some = 0
        for row, their, our in zip(rows, theirs, ours):
            same = their == our
            some += bool(our) and our != everything
            if os.environ.get("WEIR_TABLE"):
                print(f"{'same' if same else 'DIFFERENT' if row.reason is None else 'reason'}\t{'-' if their is None else len(their)}\t{len(our)}"
                      f"\t{row.theirs}{'' if row.ours == row.theirs else ' | ' + row.ours}{'' if row.reason is None else ' # ' + row.reason}")
            with self.subTest(row.theirs):
                if row.reason is None:
                    self.assertIsNotNone(their, "nfdump refuses it")
                    self.assertEqual(our, their, f"only nfdump: {sorted(their - our)[:5]}, only weir: {sorted(our - their)[:5]}")
                else:
                    self.assertFalse(same, f"they agree, so the reason is none: {row.reason}")
                if row.reason == nfdump_filters.NULL:
                    # Only flows of templates without the element, all of them.
                    more = their - our
                    self.assertLessEqual(our, their)
                    self.assertEqual(more, frozenset().union(*(names for names in self.flows.by_template.values() if names & more)))
        self.assertGreater(some, 200, "most filters have to tell flows apart")

    def test_what_there_is_no_data_for_says_so(self):
        for text, part in nfdump_filters.NO_DATA:
            with self.subTest(text):
                self.assertIn(part, weir("flows", "--store", self.folder / "store", text, status=2))


if __name__ == "__main__":
    unittest.main()
