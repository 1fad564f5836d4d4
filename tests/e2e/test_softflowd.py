"""A real exporter: softflowd reads a capture and exports v5, v9 and IPFIX to a running collector; its own statistics and what
the collector stored agree."""

import re
import shutil
import subprocess
import unittest

from packets import conversations, write_pcap
from weir_process import Case, Collector, rows

SOFTFLOWD = shutil.which("softflowd", path="/usr/sbin:/usr/bin:/sbin:/bin")


def run_softflowd(capture, port, folder, *options):
    """Exports a capture; returns what softflowd says it saw and sent. Without its control socket (-c none), on which it
    otherwise waits now and then while it reads a file."""
    done = subprocess.run(
        [SOFTFLOWD, "-r", str(capture), "-n", f"127.0.0.1:{port}", "-d", "-p", str(folder / "pid"), "-c", "none", *options], capture_output=True, text=True, timeout=60)
    text = done.stdout + done.stderr
    if done.returncode != 0:
        raise AssertionError(text)
    flows = re.search(r"Flows exported: (\d+) \((\d+) records\) in (\d+) packets \((\d+) failures\)", text)
    protocols = re.findall(r"\((\d+)\):\s+(\d+)\s+(\d+)\s", text)
    return {
        "records": int(flows[2]),
        "datagrams": int(flows[3]),
        "failures": int(flows[4]),
        "packets": int(re.search(r"Packets processed: (\d+)", text)[1]),
        "by_protocol": {int(p): (int(bytes), int(packets)) for p, bytes, packets in protocols},
    }


@unittest.skipUnless(SOFTFLOWD, "softflowd is not installed")
class Softflowd(Case):
    def export(self, packets, *options):
        capture = self.folder / "traffic.pcap"
        write_pcap(capture, packets)
        store = self.folder / "store"
        with Collector(store) as collector:
            sent = run_softflowd(capture, collector.port, self.folder, *options)
            self.assertEqual(collector.stop(), 0, collector.log)
            ledger = collector.ledger()
        self.assertEqual(sent["failures"], 0)
        self.assertEqual(sent["packets"], len(packets))
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["socket_drops"], 0)
        total = ledger["total"]
        self.assertEqual(total["datagrams_received"], sent["datagrams"])
        self.assertEqual(total["datagrams_rejected"], 0, total)
        self.assertEqual(total["undecodable_sets"], 0, total)
        if "10" not in options:  # its IPFIX sequence numbers do not count records, as RFC 7011 wants
            self.assertEqual(total["lost_units"], 0, total)
        self.assertEqual(total["rows_stored"], sent["records"])
        stored = rows("sql", "--store", store,
                      "select proto, sum(bytes)::bigint as bytes, sum(packets)::bigint as packets from flows group by proto")
        self.assertEqual({r["proto"]: (r["bytes"], r["packets"]) for r in stored}, sent["by_protocol"])
        return store, total

    def test_netflow_v5(self):
        _, total = self.export(conversations(300, seed=5, ipv6=False), "-v", "5")
        self.assertEqual(total["protocols"], ["NetFlow v5"])

    def test_netflow_v1(self):
        _, total = self.export(conversations(100, seed=1, ipv6=False), "-v", "1")
        self.assertEqual(total["protocols"], ["NetFlow v1"])

    def test_netflow_v9_with_ipv6(self):
        store, total = self.export(conversations(300, seed=9, ipv6=True), "-v", "9")
        self.assertEqual(total["protocols"], ["NetFlow v9"])
        self.check_addresses(store)

    def test_ipfix_with_ipv6(self):
        store, total = self.export(conversations(300, seed=10, ipv6=True), "-v", "10")
        self.assertEqual(total["protocols"], ["IPFIX"])
        self.check_addresses(store)

    def test_ipfix_with_absolute_times(self):
        for unit in ("sec", "milli", "micro", "nano"):
            with self.subTest(unit):
                shutil.rmtree(self.folder / "store", ignore_errors=True)
                store, _ = self.export(conversations(50, seed=3, ipv6=False), "-v", "10", "-A", unit, "-a")
                self.check_times(store)

    def check_addresses(self, store):
        """Both families are there, with the addresses of the capture."""
        sources = rows("sql", "--store", store, "select distinct src_addr from flows where src_port >= 10000")
        texts = {r["src_addr"] for r in sources}
        self.assertTrue(any(t.startswith("10.1.") for t in texts), texts)
        self.assertTrue(any(t.startswith("2001:db8:1::") for t in texts), texts)

    def check_times(self, store):
        """-a: softflowd keeps the times of the capture, which begins at 1,700,000,000 and lasts about a minute."""
        [times] = rows("sql", "--store", store, "select epoch(min(time_flow_start))::bigint as first, "
                       "epoch(max(time_flow_end))::bigint as last, count(*)::bigint as n, "
                       "count(*) filter (time_flow_start > time_flow_end)::bigint as reversed from flows")
        self.assertGreaterEqual(times["first"], 1_700_000_000)
        self.assertLess(times["last"], 1_700_000_200)
        self.assertEqual(times["reversed"], 0)


if __name__ == "__main__":
    unittest.main()
