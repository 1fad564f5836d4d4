"""From an exporter to an answer: what `weir gen` says it sent, and what known captures hold, is what the store answers; received
by a collector and replayed."""

import json
import unittest

from weir_process import Case, Collector, corpus, rows, wait_for, weir

SUMS = "select count(*)::bigint as flows, sum(packets)::bigint as packets, sum(bytes)::bigint as bytes from flows"


class Generated(Case):
    def collect(self, *gen, threads=1):
        store = self.folder / "store"
        with Collector(store, "--threads", threads) as collector:
            sent = json.loads(weir("gen", "--to", f"127.0.0.1:{collector.port}", *gen, "-o", "json"))
            self.assertEqual(sent["refused"], 0)
            self.assertEqual(collector.stop(), 0, collector.log)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["socket_drops"], 0)
        return store, sent, ledger

    def check_sums(self, store, sent):
        [got] = rows("sql", "--store", store, SUMS)
        self.assertEqual(got, {k: sent[k] for k in ("flows", "packets", "bytes")})

    def test_every_protocol_from_several_exporters(self):
        store, sent, ledger = self.collect("--protocol", "v5,v9,ipfix", "--exporters", 6, "--count", 60_000, "--rate", 60_000,
                                           "--seed", 7, "--sampling", 100, "--template-interval", "100ms")
        self.check_sums(store, sent)
        self.assertEqual(ledger["total"]["datagrams_received"], sent["datagrams"])
        self.assertEqual(ledger["total"]["option_records"], sent["option_records"])
        self.assertEqual(ledger["total"]["lost_units"], 0)
        self.assertEqual(ledger["total"]["anomalies"], {})
        self.assertEqual(ledger["total"]["sampling_rate"], 100)
        shares = {e["exporter"]: e for e in ledger["exporters"]}
        for exporter in sent["exporters"]:
            self.assertEqual(shares[exporter["address"]]["rows_stored"], exporter["flows"], exporter)
        by_protocol = rows("sql", "--store", store, "select proto, count(*)::bigint as flows, sum(bytes)::bigint as bytes "
                           "from flows group by proto")
        self.assertEqual({str(r["proto"]): (r["flows"], r["bytes"]) for r in by_protocol},
                         {p: (c["flows"], c["bytes"]) for p, c in sent["by_ip_protocol"].items()})

    def test_several_threads(self):
        store, sent, ledger = self.collect("--protocol", "v9,ipfix", "--exporters", 40, "--count", 40_000, "--rate", 60_000,
                                           threads=3)
        self.check_sums(store, sent)
        self.assertEqual(ledger["total"]["undecodable_sets"], 0, "templates and data of an exporter reach one thread")
        self.assertEqual(len(ledger["exporters"]), 40)

    def test_exporters_command(self):
        store, sent, ledger = self.collect("--protocol", "v9", "--exporters", 3, "--count", 3000, "--rate", 30_000)
        table = weir("exporters", "--store", store)
        self.assertIn("weir collect has ended", table)
        self.assertIn("127.0.0.4", table)
        shown = rows("exporters", "--store", store)
        self.assertEqual([r["exporter"] for r in shown], ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        self.assertEqual(sum(r["stored"] for r in shown), sent["flows"])
        self.assertEqual({r["protocols"] for r in shown}, {"NetFlow v9"})
        total = rows("exporters", "--store", store, "--total")[-1]
        self.assertEqual((total["exporter"], total["flows"]), ("total", sent["flows"]))
        self.assertEqual(len(weir("exporters", "--store", store, "-o", "csv").splitlines()), 4)
        with Collector(store) as collector:
            self.assertIn(f"weir collect is running (process {collector.process.pid})",
                          wait_for(lambda: running(store, collector.process.pid), "it says that it runs"))
            self.assertEqual(collector.stop(), 0)
        self.assertIn("there is no store at", weir("exporters", "--store", self.folder / "none", status=1))

    def test_replay_of_a_written_capture(self):
        capture, store = self.folder / "a.pcap", self.folder / "store"
        sent = json.loads(weir("gen", "--write", capture, "--protocol", "v5,v9,ipfix", "--exporters", 6, "--count", 100_000,
                               "--rate", 20_000, "--start", "2026-11-22T13:59:58Z", "-o", "json"))
        summary = json.loads(weir("replay", "--store", store, "--compact", capture, "-o", "json"))
        self.assertEqual(summary["records"], sent["flows"])
        self.assertEqual(summary["stored"], sent["flows"])
        self.assertTrue(summary["adds_up"])
        self.check_sums(store, sent)
        # time_received is the capture's: five seconds around the hour, in the folders of both.
        hours = {p.parent.name for p in store.rglob("*.parquet")}
        self.assertEqual(hours, {"hour=13", "hour=14"})
        damaged = self.folder / "damaged.pcap"
        damaged.write_bytes(capture.read_bytes()[:-30])
        text = weir("replay", "--store", self.folder / "damaged", damaged, status=1)
        self.assertIn("damaged.pcap", text)
        self.assertIn("it adds up", text)


class Captures(Case):
    """The captures of a real exporter, with totals that several other tools agree on."""

    def setUp(self):
        super().setUp()
        folder = corpus()
        if folder is None:
            self.skipTest("the corpus of captures is not here (WEIR_CORPUS)")
        self.captures = sorted((folder / "generated").glob("demo-softflowd-*.pcap"))
        self.assertEqual(len(self.captures), 3)

    def check(self, store, golden, ledger):
        total = ledger["total"]
        self.assertAddsUp(ledger)
        self.assertEqual(total["datagrams_received"], golden["datagrams"])
        self.assertEqual(total["rows_stored"], golden["records"])
        self.assertEqual(total["option_records"], golden["option_records"])
        self.assertEqual(total["undecodable_sets"], 0)
        by_protocol = rows("sql", "--store", store, "select proto, count(*)::bigint as records, sum(packets)::bigint as packets, "
                           "sum(bytes)::bigint as octets from flows group by proto")
        self.assertEqual({str(r.pop("proto")): r for r in by_protocol}, golden["by_protocol"])

    def test_replayed(self):
        for capture in self.captures:
            with self.subTest(capture.name):
                store = self.folder / capture.stem
                weir("replay", "--store", store, capture)
                self.check(store, golden_of(capture), json.loads((store / "ledger.json").read_text()))

    def test_sent_and_collected(self):
        for capture in self.captures:
            with self.subTest(capture.name):
                store = self.folder / capture.stem
                golden = golden_of(capture)
                with Collector(store) as collector:
                    weir("send", capture, "--to", f"127.0.0.1:{collector.port}", "--rate", 10_000)
                    self.assertEqual(collector.stop(), 0)
                    self.check(store, golden, collector.ledger())


def golden_of(capture):
    return json.loads(capture.with_name(capture.stem + ".golden-totals.json").read_text())


def running(store, pid):
    """What weir exporters says, once the ledger is that of the process."""
    if json.loads((store / "ledger.json").read_text())["pid"] != pid:
        return None
    return weir("exporters", "--store", store)


if __name__ == "__main__":
    unittest.main()
