"""./dev bench peers measures what it says: the search, the judgement of a run, the tables; and that it still understands weir."""

import json
import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from bench_peers import receivers, report  # noqa: E402
from bench_peers.loads import Load, Sent  # noqa: E402
from bench_peers.measure import SENDER_LIMIT, Run, hold_back, measure  # noqa: E402
from bench_peers.process import adopt_orphans  # noqa: E402
from bench_peers.search import Found, Held, hold, search  # noqa: E402

LOAD = Load("v9", 6, 24)
CAPTURES = {LOAD: ("capture", {"datagrams": 1000, "flows": 24_000})}


def takes(limit, sender=1e9, seconds=3):
    """In place of measure(): a receiver that drops beyond `limit` datagrams a second, and a sender that sends at most so many."""
    def run(receiver, load, rate, send):
        sent = min(rate, sender)
        problems = ["the socket dropped 1"] if sent > limit else []
        return Run(receiver.name, load.key, rate, sent_flows=1, seconds=seconds, datagrams_per_second=sent, problems=problems)
    return mock.patch("bench_peers.search.measure", run)


class Search(unittest.TestCase):
    def test_it_finds_the_limit_from_below_and_from_above(self):
        for guess in (1_000, 40_000, 90_000, 600_000):
            with self.subTest(guess=guess), takes(50_000):
                found = search(receivers.NFCAPD, LOAD, CAPTURES, guess, 3)
                self.assertLessEqual(found.rate, 50_000)
                self.assertGreaterEqual(found.rate, 50_000 / 1.05, found.probes)

    def test_it_gives_up_on_what_takes_nothing(self):
        with takes(0):
            found = search(receivers.NFCAPD, LOAD, CAPTURES, 60_000, 3)
        self.assertEqual(found.rate, 0)
        self.assertLess(len(found.probes), 10)

    def test_a_sender_that_is_slower_is_said(self):
        with takes(500_000, sender=200_000):
            found = search(receivers.BARE, LOAD, CAPTURES, 150_000, 3)
        self.assertTrue(found.sender_limit)
        self.assertEqual(found.rate, 200_000)

    def test_a_rate_is_held_or_the_next_lower_one(self):
        with takes(50_000):
            held = hold(receivers.NO_STORE, LOAD, CAPTURES, 53_000, 3, ROOT)
        self.assertAlmostEqual(held.rate, 53_000 / 1.05 / 1.05)
        self.assertEqual(len(held.tries), 3)

    def test_nothing_is_held_that_needs_more_disk_than_there_is(self):
        held = hold(receivers.NFCAPD, LOAD, CAPTURES, 1e12, 60, ROOT)
        self.assertEqual(held.rate, 0)
        self.assertIn("disk", held.tries[0][1])


class Judgement(unittest.TestCase):
    def test_work_that_goes_on_is_a_store_that_does_not_keep_up(self):
        run = Run("x", LOAD.key, seconds=60, datagrams_per_second=100, late_seconds=3)
        self.assertIsNone(hold_back(run, 100))
        run.late_seconds = 5
        self.assertIn("worked on", hold_back(run, 100))
        run.waiting_seconds = 2  # of the load, gathered for one file
        self.assertIsNone(hold_back(run, 100))

    def test_a_slow_sender_is_no_loss(self):
        self.assertEqual(hold_back(Run("x", LOAD.key, seconds=3, datagrams_per_second=80), 100), SENDER_LIMIT)

    def test_weir_is_understood_and_what_is_missing_is_found(self):
        adopt_orphans()
        run = measure(receivers.WEIR_COLLECT, LOAD, 20_000, lambda port: LOAD.send_live(port, 20_000, 5_000))
        self.assertEqual(run.problems, [])
        self.assertEqual(run.sent_flows, 5_000)
        self.assertGreater(run.cpu_user + run.cpu_system, 0)
        self.assertGreater(run.disk_bytes, 10_000)
        self.assertGreater(run.peak_rss_kib, 1_000)

        def claims_more(port):
            sent = LOAD.send_live(port, 20_000, 5_000)
            return Sent(sent.datagrams, sent.flows + 1, sent.packets, sent.seconds)
        self.assertEqual(measure(receivers.WEIR_COLLECT, LOAD, 20_000, claims_more).problems, ["flows: 5001 sent, 5000 kept"])


class Tables(unittest.TestCase):
    def results(self):
        def cost(name, cpu, **more):
            return Run(name, LOAD.key, 1000, sent_flows=1_000_000, cpu_user=cpu, disk_bytes=25_000_000, **more)
        return {"machine": {"cpu": "c", "cpus": 2, "memory_gib": 1, "kernel": "k", "load_before": 0, "time": "2026-11-22T00:00:00Z",
                            "socket_buffer": 4 << 20, "sender_cpu": 1},
                "versions": {"weir": "w", "nfdump": "n", "pmacct": "p"},
                "cost": [[cost("weir", 0.2), cost("nfcapd", 0.5)], [cost("weir", 0.3), cost("nfcapd", 0.5)],
                         [cost("weir", 0.1), cost("nfcapd", 9, problems=["flows: 2 sent, 1 kept"])]],
                "rates": [[Found("weir", LOAD.key, 150, False, []), Found("nfcapd", LOAD.key, 100, False, [])]],
                "held": [Held("weir", LOAD.key, 120, 60, 0.2, 1024, []), Held("nfcapd", LOAD.key, 100, 60, 0.5, 1024, [])]}

    def test_ratios_are_of_one_round_and_bad_cells_are_not_used(self):
        text = report.markdown(self.results())
        row = next(line for line in text.splitlines() if line.startswith("| nfcapd"))
        self.assertIn("0.50 (0.40 to 0.60)", row)
        self.assertIn("≤ 0.9, met", row)
        self.assertIn("round 3, v9, 6 exporters, up to 24 flows a datagram, nfcapd: flows: 2 sent, 1 kept", text)
        self.assertIn("1.20, ≥ 1.2, met", text)

    def test_only_the_marked_part_of_a_document_changes(self):
        before = "a\n<!-- x: written by y -->\nold\n<!-- x end -->\nb\n"
        self.assertEqual(report.replace_between(before, "x", "new"), "a\n<!-- x: written by y -->\n\nnew\n\n<!-- x end -->\nb\n")
        with self.assertRaises(ValueError):
            report.replace_between("nothing", "x", "new")

    def test_the_documents_have_the_place(self):
        for path in ("README.md", "docs/performance.md"):
            report.replace_between((ROOT / path).read_text(), "bench peers", "new")

    def test_results_can_be_read_again(self):
        import bench_peers
        text = json.dumps(self.results(), default=bench_peers.dataclasses.asdict)
        with mock.patch.object(bench_peers, "RESULTS", mock.Mock(read_text=lambda: text)):
            self.assertEqual(report.markdown(bench_peers.load_results()), report.markdown(self.results()))


if __name__ == "__main__":
    unittest.main()
