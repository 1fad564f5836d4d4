"""sFlow from the generator to the store: what it says that it sent is what is there, in all forms of samples."""

import json
import tempfile
import unittest
from pathlib import Path

from weir_process import rows, weir

COUNT = 5000
COLUMNS = "src_addr, dst_addr, src_port, dst_port, proto, bytes, packets, sampling_rate, in_if, out_if, next_hop, src_as, dst_as, as_path"


class Sflow(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def generate(self, name, *options):
        """(capture, what the generator says of it)"""
        capture = self.folder / f"{name}.pcap"
        report = weir("gen", "--protocol", "sflow", "--count", COUNT, "--sampling", 400, "--start", "2026-11-22T10:00:00Z", "--write",
                      capture, "-o", "json", *options)
        return capture, json.loads(report)

    def flows(self, capture, columns=COLUMNS):
        store = self.folder / (capture.stem + ".store")
        if not store.exists():
            weir("replay", capture, "--store", store)
        return rows("sql", "--store", store, f"select {columns} from flows order by all")

    def test_stored_as_generated(self):
        for name, options in (("compact", ()), ("expanded", ("--sflow-expanded",)), ("counters", ("--sflow-counters", 3))):
            with self.subTest(form=name):
                capture, report = self.generate(name, *options)
                sums = "count(*)::bigint as flows, sum(packets)::bigint as packets, sum(bytes)::bigint as bytes"
                stored = self.flows(capture, sums + ", count(distinct sampling_rate)::int as rates, max(sampling_rate)::int as rate")[0]
                total = report
                self.assertEqual([stored["flows"], stored["packets"], stored["bytes"]],
                                 [total["flows"], total["packets"], total["bytes"]])
                self.assertEqual([stored["rates"], stored["rate"]], [1, 400])
                summary = json.loads(weir("decode", capture).splitlines()[-1])
                self.assertEqual(summary["anomalies"], {})
                self.assertEqual(summary["records"], COUNT)
                self.assertEqual(summary["lost_units"], 0)
                datagrams = summary["datagrams"]
                self.assertEqual(summary["counter_samples"], datagrams // 3 if name == "counters" else 0)

    def test_expanded_samples_give_the_same_rows(self):
        compact, expanded = self.generate("compact")[0], self.generate("expanded", "--sflow-expanded")[0]
        stored = self.flows(compact)
        self.assertEqual(len(stored), COUNT)
        self.assertEqual(self.flows(expanded), stored)
        for column in ("src_addr", "proto", "bytes", "next_hop", "dst_as", "as_path"):
            self.assertNotIn(None, [row[column] for row in stored], column)


if __name__ == "__main__":
    unittest.main()
