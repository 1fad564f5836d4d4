"""weir collect as a user meets it: totals, signals, a second collector, a burst, a crash, a full disk."""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import unittest

from weir_process import Case, Collector, Exporter, rows, wait_for, weir


class Totals(Case):
    def test_sigterm_ends_with_totals_that_add_up(self):
        with Collector(self.folder / "store") as collector, Exporter(collector.port) as a, \
                Exporter(collector.port, "127.0.0.2") as b:
            a.send(200)
            b.send(100, records=7)
            b.socket.send(b"neither NetFlow nor IPFIX")
            self.assertEqual(collector.stop(), 0, collector.log)
            self.assertIn("it adds up: 301 received = 300 decoded + 1 rejected datagrams, 6700 decoded = 6700 stored", collector.output)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["program"], "collect")
        self.assertEqual(ledger["total"]["records_decoded"], a.flows + b.flows)
        shares = {e["exporter"]: e for e in ledger["exporters"]}
        self.assertEqual(shares["127.0.0.1"]["rows_stored"], 6000)
        self.assertEqual(shares["127.0.0.2"]["rows_stored"], 700)
        self.assertEqual(shares["127.0.0.2"]["anomalies"], {"unknown_version": 1})

    def test_sigint_and_duration_end_it_too(self):
        with Collector(self.folder / "a") as collector:
            self.assertEqual(collector.stop(signal.SIGINT), 0)
            self.assertIn("it adds up", collector.output)
        with Collector(self.folder / "b", "--duration", "200ms", wait=False) as collector:
            self.assertEqual(collector.join(), 0)
            self.assertIn("it adds up", collector.output)

    def test_ipv4_and_ipv6_reach_the_default_address(self):
        with Collector(self.folder / "store", listen=["0"]) as collector, Exporter(collector.port) as v4:
            v4.send()
            if not socket.has_ipv6:
                self.skipTest("no IPv6 here")
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as v6:
                try:
                    v6.sendto(b"\0\5" + bytes(22), ("::1", collector.port))  # NetFlow v5 without a flow
                except OSError as e:
                    self.skipTest(f"no IPv6 here: {e}")
            self.assertEqual(collector.stop(), 0)
            self.assertEqual({e["exporter"] for e in collector.ledger()["exporters"]}, {"127.0.0.1", "::1"})

    def test_what_the_kernel_drops_is_in_the_ledger(self):
        config = self.folder / "weir.toml"
        config.write_text('[collect]\nsocket_buffer = "64KiB"\n')
        with Collector(self.folder / "store", config=config) as collector, Exporter(collector.port) as exporter:
            collector.kill(signal.SIGSTOP)
            wait_for(lambda: state_of(collector.process.pid) == "T", "the collector is stopped")
            exporter.send(2000)
            collector.kill(signal.SIGCONT)
            self.assertEqual(collector.stop(), 0)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertGreater(ledger["socket_drops"], 0)
        self.assertGreater(ledger["total"]["datagrams_received"], 0)
        self.assertEqual(ledger["total"]["datagrams_received"] + ledger["socket_drops"], exporter.datagrams)
        self.assertTrue(collector.has_logged("the kernel dropped"))


class Refusals(Case):
    def test_second_collector_on_the_same_store(self):
        with Collector(self.folder / "store") as collector:
            text = weir("collect", "--store", collector.store, "--listen", "127.0.0.1:0", status=1)
            self.assertIn(f"process {collector.process.pid} already writes to the store", text)
            self.assertEqual(collector.stop(), 0)

    def test_port_in_use(self):
        with Collector(self.folder / "a") as collector:
            text = weir("collect", "--store", self.folder / "b", "--listen", f"127.0.0.1:{collector.port}", status=1)
            self.assertIn(f"cannot listen on UDP 127.0.0.1:{collector.port}: Address already in use", text)

    def test_store_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        text = weir("collect", "--store", self.folder / "file/store", "--listen", "127.0.0.1:0", status=1)
        self.assertIn("cannot make a store", text)

    def test_wrong_usage(self):
        weir("collect", "--listen", status=2)
        weir("collect", "--duration", "soon", status=2)
        self.assertIn("collect.listen", weir("collect", "--listen", "70000", status=1))

    def test_bad_configuration_names_every_problem(self):
        config = self.folder / "weir.toml"
        config.write_text("[collect]\nthreads = 0\n[store]\nflush = 1\n")
        for command in (["check", config], ["collect", "-c", config], ["replay", "-c", config, "x.pcap"]):
            text = weir(*command, status=1)
            self.assertIn(f"{config}:2:11: collect.threads: 0 is not allowed", text)
            self.assertIn(f'{config}:4:1: store.flush: there is no such key; did you mean "flush_interval"?', text)


class Reload(Case):
    def test_bad_file_is_refused_and_good_one_applied_without_loss(self):
        config = self.folder / "weir.toml"
        config.write_text("")
        with Collector(self.folder / "store", config=config) as collector, Exporter(collector.port) as exporter:
            exporter.send(10)
            config.write_text('[log]\nlevel = "loud"\n[limits]\ntemplates = -1\n')
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("refused, the old one stays"), "the bad file is refused")
            self.assertTrue(collector.has_logged(f"{config}:2:9: log.level"))
            self.assertTrue(collector.has_logged(f"{config}:4:13: limits.templates"))
            exporter.send(10)

            config.write_text('[collect]\nthreads = 2\n[[sampling]]\nexporter = "127.0.0.1"\nrate = 100\n')
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("configuration reloaded"), "the good file is applied")
            self.assertTrue(collector.has_logged("collect.threads changed from 1 to 2: this needs a restart"))
            sampled = lambda: exporter.send(10) or (collector.ledger() or {}).get("total", {}).get("sampling_rate") == 100
            wait_for(sampled, "the new sampling rate is in use")
            self.assertEqual(collector.stop(), 0)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], exporter.flows)
        self.assertEqual(ledger["total"]["lost_units"], 0)


class Crash(Case):
    def test_kill_in_the_middle_of_load_keeps_what_was_flushed(self):
        store = self.folder / "store"
        load = Load()
        with Collector(store, "--flush-interval", "100ms") as collector:
            load.start(collector.port)
            # The ledger is written every five seconds: one that tells of stored rows.
            wait_for(lambda: (collector.ledger() or {"total": {"rows_stored": 0}})["total"]["rows_stored"] > 0, "rows are stored")
            collector.kill(signal.SIGKILL)
            collector.join()
            load.stop()
            ledger = collector.ledger()
        self.assertFalse(ledger["finished"])
        stored = ledger["total"]["rows_stored"]
        readable = count(store)
        self.assertGreaterEqual(readable, stored)

        with Collector(store) as collector, Exporter(collector.port) as exporter:
            self.assertEqual(leftovers(store), [], "a restart removes what was half written")
            self.assertEqual(count(store), readable)
            exporter.send(10)
            self.assertEqual(collector.stop(), 0)
        self.assertEqual(count(store), readable + exporter.flows)


class FullDisk(Case):
    def test_full_disk_is_survived_and_counted(self):
        mount = self.folder / "small"
        mount.mkdir()
        if not mount_tmpfs(mount, "size=512k"):
            self.skipTest("a small file system cannot be mounted here (needs root)")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(mount)], check=False))
        config = self.folder / "weir.toml"
        config.write_text("[store]\nrows_per_segment = 2048\npending_rows = 32768\nflush_interval = \"100ms\"\n")
        with Collector(mount / "store", config=config) as collector, Exporter(collector.port) as exporter:
            filler = mount / "filler"
            fill(filler)
            exporter.send(200)
            wait_for(lambda: any("error" in line for line in collector.log), "the failure is logged")
            self.assertIsNone(collector.process.poll(), "it goes on")
            filler.unlink()  # the disk has room again: what waited is written
            self.assertEqual(collector.stop(), 0, collector.log)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], exporter.flows)
        self.assertGreater(ledger["store"]["write_failures"], 0)


class Load:
    """An exporter that sends as fast as it can, in a thread, until it is stopped."""

    def start(self, port):
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port,))
        self._thread.start()

    def _run(self, port):
        with Exporter(port) as exporter:
            while not self._ended.is_set():
                try:
                    exporter.send(20)
                except ConnectionRefusedError:
                    pass  # the collector was killed
                self._ended.wait(0.002)

    def stop(self):
        self._ended.set()
        self._thread.join()


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def count(store):
    return rows("sql", "--store", store, "select count(*)::bigint as n from flows")[0]["n"]


def leftovers(store):
    return [p for p in store.rglob("*") if p.suffix == ".tmp"]


def fill(path):
    """Writes a file until the disk is full."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, bytes(4096))
    except OSError:
        os.close(fd)


def mount_tmpfs(folder, options):
    libc = ctypes.CDLL(None, use_errno=True)
    return os.geteuid() == 0 and libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, options.encode()) == 0


if __name__ == "__main__":
    unittest.main()
