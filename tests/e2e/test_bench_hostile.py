"""./dev bench hostile: the attacks are what they say, the judgement of a run, and that it still understands weir."""

import io
import struct
import sys
import unittest
from pathlib import Path
from unittest import mock

from weir_process import WEIR

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from bench_hostile import attacks, report, under_attack, wire  # noqa: E402
from bench_peers.report import replace_between  # noqa: E402


class Enough(Exception):
    """No more datagrams are wanted."""


class First(wire.Payloads):
    """Keeps the first datagrams."""

    def __init__(self, most=3000):
        super().__init__(io.BytesIO())
        self.kept = []
        self._most = most

    def add(self, source, port, payload):
        super().add(source, port, payload)
        self.kept.append((source, port, payload))
        if len(self.kept) == self._most:
            raise Enough


def first(attack):
    out = First()
    try:
        attack.write(out)
    except Enough:
        pass
    return out.kept


class Attacks(unittest.TestCase):
    def test_all_stay_on_loopback_and_fit_into_datagrams(self):
        for attack in attacks.ALL:
            with self.subTest(attack.name):
                for source, port, payload in first(attack) if attack.write else ():
                    self.assertEqual(source >> 24, 127)
                    self.assertLess(port, 65536)
                    self.assertLessEqual(len(payload), 65507)

    def test_messages_of_ipfix_have_the_length_that_they_say(self):
        for attack in attacks.ALL:
            if not attack.write or attack.name in ("junk", "cut sets"):
                continue
            with self.subTest(attack.name):
                for _, _, payload in first(attack):
                    version, length = struct.unpack_from("!HH", payload)
                    if version == 10:
                        self.assertEqual(length, len(payload))

    def test_names_differ(self):
        self.assertEqual(len({attack.name for attack in attacks.ALL}), len(attacks.ALL))


GOOD = dict(attack="x", seconds=4.0, sent=40_000, mbit=100.0, victim_sent=1600, victim_stored=1600, receive_percent=20.0, idle_mib=30.0,
            peak_mib=100.0, kept=under_attack.DATA_AFTER_RESTART, status=0, end_seconds=0.1)


class Judgement(unittest.TestCase):
    def missed(self, **changes):
        return report.missed(under_attack.Result(**(GOOD | changes)))

    def test_targets(self):
        self.assertEqual(self.missed(), [])
        for changes, name in (({"victim_stored": 1599}, "victim"), ({"victim_wrong": 1}, "victim"), ({"receive_percent": 51.0}, "receive"),
                              ({"peak_mib": 351.0}, "memory"), ({"kept": 49}, "state"), ({"imbalance": "1 sent, 0 known"}, "adds up"),
                              ({"status": 2}, "status"), ({"status": None}, "status"), ({"end_seconds": 11.0}, "end"), ({"log_kib": 65.0}, "log")):
            with self.subTest(changes):
                self.assertEqual(self.missed(**changes), [name])

    def test_what_the_sender_could_not_send_is_extrapolated(self):
        self.assertEqual(self.missed(mbit=50.0, receive_percent=26.0), ["receive"])
        self.assertIn("~52", report.row(under_attack.Result(**(GOOD | {"mbit": 50.0, "receive_percent": 26.0})))[4])

    def test_what_the_socket_dropped_would_have_taken_as_much(self):
        self.assertEqual(self.missed(receive_percent=26.0, socket_drops=20_000), ["receive"])

    def test_what_is_left_is_status_1_and_no_victim_of_a_stop_under_load(self):
        self.assertEqual(self.missed(socket_left=5, status=1), ["status"])
        self.assertEqual(self.missed(socket_left=5, status=0, stopped_under_load=True), ["status"])
        self.assertEqual(self.missed(socket_left=5, status=1, stopped_under_load=True, victim_stored=1000), [])

    def test_a_datagram_that_nobody_knows_is_an_imbalance(self):
        total = {"datagrams_received": 9, "datagrams_decoded": 8, "datagrams_rejected": 1, "records_decoded": 8, "rows_stored": 8,
                 "rows_dropped": {"queue_full": 0}, "counter_rows": 0, "counter_rows_stored": 0, "counter_rows_dropped": {}, "early_sets_held": 0}
        ledger = {"finished": True, "socket_drops": 2, "socket_left": 1, "total": total}
        self.assertEqual(under_attack.imbalance(ledger, 12, exact=True), "")
        self.assertEqual(under_attack.imbalance(ledger, 13, exact=True), "13 datagrams sent, 12 known")
        self.assertEqual(under_attack.imbalance(ledger, 13, exact=False), "")
        self.assertEqual(under_attack.imbalance(ledger, 11, exact=False), "11 datagrams sent, 12 known")
        self.assertEqual(under_attack.imbalance(ledger | {"total": total | {"rows_stored": 7}}, 12, exact=True), "records_decoded is not stored and dropped")
        self.assertEqual(under_attack.imbalance(None, 12, exact=True), "no ledger")

    def test_the_document_has_the_place(self):
        replace_between((ROOT / "docs/performance.md").read_text(), "bench hostile", "new")


class Run(unittest.TestCase):
    def test_a_collector_without_an_attack_meets_all_targets_but_those_of_time(self):
        with mock.patch.multiple(under_attack, BEFORE=0.2, AFTER=0.1):
            result = under_attack.run(next(a for a in attacks.ALL if a.name == "none"), WEIR, 0.2)
        self.assertEqual([name for name in report.missed(result) if name not in ("receive", "end")], [])
        self.assertGreater(result.victim_sent, 0)
        self.assertGreater(result.peak_mib, 1)


if __name__ == "__main__":
    unittest.main()
