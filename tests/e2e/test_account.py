"""The account over restarts: runs and how they ended, sums over all of them, and whose account it is that people see."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

from ipfix import IpfixExporter
from packets import write_pcap
from test_collect import fill, mount_tmpfs
from weir_process import WEIR, Case, Collector, Exporter, Sender, netflow_v5, rows, wait_for, weir


def told(*arguments):
    """What weir exporters prints on standard output, and on standard error."""
    done = subprocess.run([WEIR, "exporters", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


class Account(Case):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"

    def total(self, *arguments):
        *_, row = rows("exporters", "--store", self.store, "--total", *arguments)
        return row

    def runs(self):
        return rows("exporters", "--store", self.store, "--runs")

    def heard(self, collector, flows):
        """Waits until the account on the disk is of so many flows."""
        wait_for(lambda: (collector.ledger() or {"total": {"records_decoded": 0}})["total"]["records_decoded"] >= flows, "the account is written")

    def test_over_restarts(self):
        flows = []
        for n in (10, 20):
            with Collector(self.store) as collector, Exporter(collector.port) as exporter:
                exporter.send(n)
                self.assertEqual(collector.stop(), 0)
                flows.append(exporter.flows)
            row = self.total()
            self.assertEqual((row["flows"], row["stored"], row["account"]), (flows[-1], flows[-1], "stopped"))
            self.assertEqual((row["flows_in_all"], row["stored_in_all"]), (sum(flows), sum(flows)))
            self.assertIsNone(row["flows_per_s"])
        self.assertEqual([(r["end"], r["flows"], r["program"]) for r in self.runs()],
                         [("stopped", flows[0], "collect"), ("stopped", flows[1], "collect")])
        everything = self.total("--in-all")
        self.assertEqual((everything["flows"], everything["stored"]), (sum(flows), sum(flows)))
        with Collector(self.store) as collector:
            # Nothing has come yet, and nothing of those before is taken for it.
            row = self.total()
            self.assertEqual((row["flows"], row["flows_in_all"], row["account"]), (0, sum(flows), "running"))
            self.assertEqual(rows("exporters", "--store", self.store), [])
            out, err = told("--store", self.store)
            self.assertIn("weir collect is running", out)
            self.assertRegex(out, r"since start +0 +0")
            self.assertRegex(out, rf"in all \(3 runs\) +30 +{sum(flows)}")
            self.assertEqual(err, "")
            with Exporter(collector.port) as exporter:
                exporter.send(10)
                self.heard(collector, exporter.flows)
            self.assertIn("flows_per_s", self.total())
            self.assertIsNotNone(self.total()["flows_per_s"])
            self.assertEqual(collector.stop(), 0)

    def test_a_killed_collector_is_named_as_such(self):
        with Collector(self.store) as collector, Exporter(collector.port) as exporter:
            exporter.send(10)
            self.heard(collector, exporter.flows)
            collector.kill(signal.SIGKILL)
            collector.join()
        row = self.total()
        self.assertEqual((row["account"], row["flows"]), ("killed", exporter.flows))
        self.assertIn("ended without its last account", told("--store", self.store)[0])
        with Collector(self.store) as collector:
            self.assertEqual([(r["end"], r["flows"]) for r in self.runs()], [("killed", exporter.flows), ("running", 0)])
            self.assertEqual(collector.stop(), 0)
        self.assertEqual([r["end"] for r in self.runs()], ["killed", "stopped"])

    def test_a_start_that_fails_changes_nothing(self):
        with Collector(self.store) as collector, Exporter(collector.port) as exporter:
            exporter.send(10)
            self.assertEqual(collector.stop(), 0)
        before = collector.ledger()
        with Collector(self.folder / "other") as other:
            busy = Collector(self.store, listen=(f"127.0.0.1:{other.port}",), wait=False)
            self.assertEqual(busy.join(), 1)
        self.assertEqual(collector.ledger(), before)
        self.assertEqual(len(self.runs()), 1)

    def test_a_replay_is_a_run(self):
        with Collector(self.store) as collector:
            self.assertEqual(collector.stop(), 0)
        capture = self.folder / "empty.pcap"
        write_pcap(capture, [])
        weir("replay", "--store", self.store, capture)
        self.assertEqual([(r["program"], r["end"]) for r in self.runs()], [("collect", "stopped"), ("replay", "stopped")])

    def test_a_hanging_collector_has_a_stale_account(self):
        with Collector(self.store) as collector:
            self.assertEqual(self.total()["account"], "running")
            collector.kill(signal.SIGSTOP)
            # As if time had passed.
            ledger = collector.ledger()
            ledger["written"] = "2026-01-01T00:00:00.000000Z"
            (self.store / "ledger.json").write_text(json.dumps(ledger))
            self.assertEqual(self.total()["account"], "stale")
            self.assertIsNone(self.total()["flows_per_s"])
            self.assertIn("STALE", told("--store", self.store)[1])
            collector.kill(signal.SIGCONT)
            self.assertEqual(collector.stop(), 0)
        self.assertEqual(self.total()["account"], "stopped")

    def lose(self, exporter, datagrams, records=30):
        """What an exporter sends and nobody receives."""
        exporter.flows += datagrams * records

    def again(self, exporter, collector):
        exporter.socket.connect(("127.0.0.1", collector.port))

    def test_what_was_sent_while_no_collector_ran_is_lost(self):
        for threads in (["--threads", "1"], ["--threads", "2", "--spread", "datagram"]):
            self.store = self.folder / threads[-1]
            with self.subTest(threads[-1]), Collector(self.store, *threads) as first, Exporter(first.port) as exporter:
                exporter.send(50)
                self.assertEqual(first.stop(), 0)
                self.lose(exporter, 7)
                with Collector(self.store, *threads) as second:
                    self.again(exporter, second)
                    exporter.send(20)
                    self.assertEqual(second.stop(), 0)
                row = self.total()
                self.assertEqual((row["flows"], row["lost"], row["lost_down"], row["lost_killed"], row["lost_down_unknown_streams"]), (600, 0, 210, 0, 0))
                total = self.total("--in-all")
                self.assertEqual(total["flows"] + total["lost"] + total["lost_down"], exporter.flows)
                self.assertIn("lost while no collector ran", second.output)

    def test_what_was_sent_after_the_last_account_of_a_killed_collector(self):
        with Collector(self.store) as first, Exporter(first.port) as exporter:
            exporter.send(50)
            self.heard(first, exporter.flows)
            first.kill(signal.SIGKILL)
            first.join()
            self.lose(exporter, 7)
            # One that is killed before the exporter is heard again changes nothing.
            with Collector(self.store) as second:
                second.kill(signal.SIGKILL)
                second.join()
            with Collector(self.store) as third:
                self.again(exporter, third)
                exporter.send(20)
                self.assertEqual(third.stop(), 0)
        row = self.total()
        self.assertEqual((row["flows"], row["lost"], row["lost_down"], row["lost_killed"]), (600, 0, 0, 210))
        total = self.total("--in-all")
        self.assertEqual(total["flows"] + total["lost_killed"], exporter.flows)
        self.assertEqual([r["end"] for r in self.runs()], ["killed", "killed", "stopped"])

    def test_an_exporter_that_was_restarted_meanwhile_is_unknown(self):
        with Collector(self.store) as first, Exporter(first.port) as exporter:
            exporter.send(50)
            self.assertEqual(first.stop(), 0)
            with Collector(self.store) as second:
                self.again(exporter, second)
                exporter.flows = 0
                exporter.send(20)
                self.assertEqual(second.stop(), 0)
        row = self.total()
        self.assertEqual((row["lost_down"], row["lost_down_unknown_streams"]), (0, 1))

    def test_ipfix_with_its_templates_restored(self):
        """What is announced once is restored from the state file, where its numbers are from the account."""
        with Collector(self.store) as first, IpfixExporter() as exporter:
            exporter.sequence = 1_000_000
            exporter.template(first.port)
            for _ in range(50):
                exporter.data(first.port)
            self.assertEqual(first.stop(), 0)
            exporter.sequence += 120
            with Collector(self.store) as second:
                for _ in range(5):
                    exporter.data(second.port)
                self.assertEqual(second.stop(), 0)
        row = self.total()
        self.assertEqual((row["flows"], row["lost"], row["lost_down"], row["sets_without_template"]), (50, 0, 120, 0))

    def test_a_replay_between_two_runs_forgets_nothing(self):
        with Collector(self.store) as first, Exporter(first.port) as exporter:
            exporter.send(50)
            self.assertEqual(first.stop(), 0)
            self.lose(exporter, 7)
            capture = self.folder / "empty.pcap"
            write_pcap(capture, [])
            weir("replay", "--store", self.store, capture)
            with Collector(self.store) as second:
                self.again(exporter, second)
                exporter.send(20)
                self.assertEqual(second.stop(), 0)
        row = self.total()
        self.assertEqual((row["lost_down"], row["lost_killed"]), (210, 0))

    def test_history(self):
        """The table account, with the sums of the ledgers of two runs."""
        flows = 0
        for n in (40, 50):
            with Collector(self.store) as collector, Exporter(collector.port) as exporter, Exporter(collector.port, "127.0.0.2") as other:
                exporter.send(n)
                other.send(3)
                other.socket.send(b"\x00\x63 nothing that we know")
                self.assertEqual(collector.stop(), 0)
                flows += exporter.flows + other.flows
        sums = rows("sql", "--store", self.store, """select kind, ip_text(sampler_address) as exporter, sum(datagrams_received)::bigint as received,
            sum(datagrams_rejected)::bigint as rejected, sum(flows_decoded)::bigint as decoded, sum(flows_stored)::bigint as stored,
            max(up) as up, count(distinct run_started) as runs, bool_and(covered_ms <= 61000) as covered
            from account group by all order by all""")
        self.assertEqual([(r["kind"], r["exporter"]) for r in sums], [("collector", None), ("exporter", "127.0.0.1"), ("exporter", "127.0.0.2")])
        everything, first, second = sums
        self.assertEqual((everything["decoded"], everything["stored"], everything["runs"], everything["up"]), (flows, flows, 2, 1))
        self.assertEqual((first["received"], first["rejected"], first["stored"]), (90, 0, 2700))
        self.assertEqual((second["received"], second["rejected"], second["stored"]), (8, 2, 180))
        self.assertTrue(everything["covered"])
        # The account is no flow, and is in no account itself.
        self.assertEqual(rows("sql", "--store", self.store, "select count(*)::bigint as n from flows")[0]["n"], flows)
        self.assertEqual(self.total("--in-all")["stored"], flows)
        weir("check", "--store", self.store)

    def test_without_an_account_the_table_is_empty(self):
        with Collector(self.store) as collector:
            collector.kill(signal.SIGKILL)
            collector.join()
        self.assertEqual(rows("sql", "--store", self.store, "select count(*)::bigint as n from account")[0]["n"], 0)


class KilledUnderLoad(Case):
    """Everything that an exporter sent is in an account: received, or missing since the last one that was saved."""

    KILLS = 12

    def test_nothing_is_in_no_account_and_nothing_in_two(self):
        store = self.folder / "store"
        with Collector(store) as collector, Sender() as sender:
            port = collector.port
            flows = 0
            ended = False

            def send():
                nonlocal flows
                while not ended:
                    sender.socket.sendto(netflow_v5(flows & 0xFFFFFFFF, 30), ("127.0.0.1", port))
                    flows += 30
                    time.sleep(0.002)

            thread = threading.Thread(target=send)
            thread.start()
            self.addCleanup(thread.join)
            chance = random.Random(7)
            wait_for(lambda: (collector.ledger() or {"places": []}).get("places"), "the stream is in the account")
            for _ in range(self.KILLS):
                # At any moment between two accounts: as many datagrams later.
                until = flows + 30 * chance.randrange(1, 1000)
                wait_for(lambda: flows >= until, "load")
                collector.kill(signal.SIGKILL)
                collector.join()
                until = flows + 30 * chance.randrange(1, 100)
                wait_for(lambda: flows >= until, "load that nobody receives")
                collector = Collector(store, listen=(f"127.0.0.1:{port}",))
                self.addCleanup(collector.__exit__)
            until = flows + 300
            wait_for(lambda: flows >= until, "load")
            ended = True
            thread.join()
            self.assertEqual(collector.stop(), 0)
        *_, total = rows("exporters", "--store", store, "--in-all", "--total")
        print(f"sent {flows}, received {total['flows']}, lost on the way {total['lost_counted']}, lost while down or killed {total['lost_killed']}",
              file=sys.stderr)
        self.assertEqual(total["flows"] + total["lost_counted"] + total["lost_down"] + total["lost_killed"], flows)
        self.assertEqual((total["lost_down"], total["lost_down_unknown_streams"]), (0, 0))
        # The store may have more than the accounts know of, never less.
        self.assertGreaterEqual(rows("sql", "--store", store, "select count(*)::bigint as n from flows")[0]["n"], total["stored"])
        self.assertEqual([r["end"] for r in rows("exporters", "--store", store, "--runs")], ["killed"] * self.KILLS + ["stopped"])


class FullDisk(Case):
    def test_the_account_is_kept_in_memory_and_none_is_taken_for_it(self):
        mount = self.folder / "small"
        mount.mkdir()
        if not mount_tmpfs(mount, "size=1m"):
            self.skipTest("a small file system cannot be mounted here (needs root)")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(mount)], check=False))
        store = mount / "store"
        with Collector(store) as collector, Exporter(collector.port) as exporter:
            exporter.send(5)
            self.assertEqual(collector.stop(), 0)
        filler = mount / "filler"
        fill(filler)
        with Collector(store) as collector, Exporter(collector.port) as exporter:
            wait_for(lambda: collector.has_logged("the ledger could not be written"), "the failure is logged")
            exporter.send(7)
            shown = subprocess.run([WEIR, "exporters", "--store", store], capture_output=True, text=True)
            self.assertNotIn("is running", shown.stdout)
            self.assertRegex(shown.stderr, "has not written its (own|account) yet")
            filler.unlink()
            self.assertEqual(collector.stop(), 0, collector.log)
        self.assertEqual(collector.ledger()["total"]["records_decoded"], 210)
        row, *_ = rows("exporters", "--store", store, "--in-all", "--total")[-1:]
        self.assertEqual(row["flows"], 360)
        self.assertEqual([r["end"] for r in rows("exporters", "--store", store, "--runs")], ["stopped", "stopped"])


if __name__ == "__main__":
    unittest.main()
