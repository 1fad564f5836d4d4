"""One exporter keeps several receiving threads busy (collect.spread = "datagram"), and threads stay on their processors."""

import json
import os
import unittest
from pathlib import Path

from weir_process import Case, Collector, rows, wait_for, weir


def receiving_threads(collector):
    """The folders in /proc of its receiving threads."""
    tasks = Path(f"/proc/{collector.process.pid}/task")
    return sorted(task for task in tasks.iterdir() if (task / "comm").read_text().strip() == "receive")


def nanoseconds(thread):
    return int((thread / "schedstat").read_text().split()[0])


class Spread(Case):
    def check(self, protocol, exporters):
        with Collector(self.folder / protocol, "--threads", 2, "--spread", "datagram") as collector:
            wait_for(lambda: len(receiving_threads(collector)) == 2, "both threads have their names")
            threads = receiving_threads(collector)
            before = [nanoseconds(thread) for thread in threads]
            sent = json.loads(weir("gen", "--to", f"127.0.0.1:{collector.port}", "--protocol", protocol, "--exporters", exporters,
                                   "--count", 200_000, "--rate", 100_000, "--sampling", 10, "--flows-per-datagram", 4,
                                   "--template-interval", "1s", "-o", "json"))
            wait_for(lambda: (ledger := collector.ledger()) and ledger["total"]["datagrams_received"] == sent["datagrams"],
                     "everything is received")
            worked = [nanoseconds(thread) - start for thread, start in zip(threads, before)]
            self.assertEqual(collector.stop(), 0)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        total = ledger["total"]
        self.assertEqual(total["rows_stored"], sent["flows"])
        self.assertEqual(total["undecodable_sets"], 0)
        self.assertEqual(total["lost_units"], 0)
        self.assertEqual(ledger["socket_drops"], 0)
        self.assertLessEqual(set(total["anomalies"]), {"missing_template", "sequence_reordered"}, total["anomalies"])
        self.assertGreater(min(worked), max(worked) / 20, "both threads have worked")
        stored = rows("sql", "--store", self.folder / protocol, "SELECT count(*) AS n, sum(bytes) AS bytes, sum(packets) AS packets, "
                      "min(sampling_rate) AS least, max(sampling_rate) AS most FROM flows")[0]
        self.assertEqual(int(stored["n"]), sent["flows"])
        self.assertEqual(int(stored["bytes"]), sent["bytes"])
        self.assertEqual(int(stored["packets"]), sent["packets"])
        return stored

    def test_v9(self):
        self.check("v9", 1)

    def test_ipfix(self):
        self.check("ipfix", 1)

    def test_v5_and_several_exporters(self):
        self.check("v5", 3)


class Processors(Case):
    def test_threads_stay_on_theirs(self):
        cpus = sorted(os.sched_getaffinity(0))[:2]
        with Collector(self.folder / "store", "--threads", 3, "--cpus", ",".join(map(str, cpus))) as collector:
            wanted = [cpus[i % len(cpus)] for i in range(3)]
            pinned = lambda: sorted(cpu for t in receiving_threads(collector) for cpu in os.sched_getaffinity(int(t.name)))
            wait_for(lambda: pinned() == sorted(wanted), "every receiving thread has its processor")
            self.assertEqual(collector.stop(), 0)

    def test_a_processor_that_is_not_there(self):
        message = weir("collect", "--store", self.folder / "store", "--listen", "127.0.0.1:0", "--cpus", 1023, status=1)
        self.assertIn("there is no processor 1023", message)
        self.assertFalse((self.folder / "store").exists())


if __name__ == "__main__":
    unittest.main()
