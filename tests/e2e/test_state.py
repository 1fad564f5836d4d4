"""What exporters announced survives a restart of the collector."""

import json
import signal
import unittest

from ipfix import IpfixExporter, PORTS_REVERSED, data_set, message, sampling_sets, template_set
from packets import datagram, write_pcap
from weir_process import Case, Collector, rows, wait_for, weir

EXPORTERS = [f"127.0.0.{n}" for n in range(2, 18)]


class Restart(Case):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "weir.toml"
        self.config.write_text('[templates]\nsave_every = "100ms"\n')
        self.store = self.folder / "store"
        self.file = self.store / "templates.state"

    def collector(self, *arguments):
        return Collector(self.store, *arguments, config=self.config)

    def announce(self, collector, exporters):
        for exporter in exporters:
            exporter.send(collector.port, template_set() + sampling_sets(100), 1)

    def check_data_decode_at_once(self, exporters, *arguments):
        with self.collector(*arguments) as collector:
            for exporter in exporters:
                exporter.data(collector.port)
            self.assertEqual(collector.stop(), 0)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        total = ledger["total"]
        self.assertEqual(total["rows_stored"], 10 * len(exporters), collector.log)
        self.assertEqual(total["templates_received"], 0)
        self.assertEqual(total["anomalies"], {})
        self.assertEqual(ledger["templates"]["state_file"]["sessions_restored"], len(exporters))
        self.assertEqual(ledger["templates"]["state_file"]["templates_restored"], 2 * len(exporters))
        self.assertTrue(collector.has_logged(f"templates of {len(exporters)} sessions restored from {self.file}"))
        found = rows("sql", "--store", self.store, "select distinct src_port, dst_port, sampling_rate from flows")
        self.assertEqual(found, [{"src_port": 80, "dst_port": 443, "sampling_rate": 100}])

    def test_after_a_stop(self):
        with IpfixExporter() as exporter:
            with self.collector() as collector:
                self.announce(collector, [exporter])
                self.assertEqual(collector.stop(), 0)
            self.check_data_decode_at_once([exporter])

    def test_after_a_crash_once_it_was_written(self):
        with IpfixExporter() as exporter:
            with self.collector() as collector:
                self.announce(collector, [exporter])
                wait_for(self.file.exists, "the state is written")
                collector.kill(signal.SIGKILL)
                collector.join()
            self.check_data_decode_at_once([exporter])

    def test_with_another_number_of_threads(self):
        exporters = [IpfixExporter(address) for address in EXPORTERS]
        for exporter in exporters:
            self.addCleanup(exporter.close)
        with self.collector("--threads", "2") as collector:
            self.announce(collector, exporters)
            self.assertEqual(collector.stop(), 0)
        self.check_data_decode_at_once(exporters, "--threads", "3")

    def test_a_damaged_file_is_set_aside(self):
        self.store.mkdir()
        self.file.write_bytes(b"WEIRSTAT\0\0\0\2 and then something else")
        with IpfixExporter() as exporter:
            with self.collector() as collector:
                self.assertTrue(collector.has_logged("damaged or cut short"), collector.log)
                self.assertTrue((self.store / "templates.state.corrupt").exists())
                self.announce(collector, [exporter])
                self.assertEqual(collector.stop(), 0)
            self.check_data_decode_at_once([exporter])

    def test_a_file_of_the_future_is_kept_and_said(self):
        self.store.mkdir()
        self.file.write_bytes(b"WEIRSTAT\0\0\0\7")
        with self.collector() as collector:
            self.assertTrue(collector.has_logged("written by a later version of weir"), collector.log)
            self.assertTrue((self.store / "templates.state.version-7").exists())
            self.assertEqual(collector.stop(), 0)

    def test_the_exporter_has_the_last_word(self):
        with IpfixExporter() as exporter:
            with self.collector() as collector:
                self.announce(collector, [exporter])
                self.assertEqual(collector.stop(), 0)
            with self.collector() as collector:
                exporter.template(collector.port, PORTS_REVERSED)
                exporter.data(collector.port)
                self.assertEqual(collector.stop(), 0)
        found = rows("sql", "--store", self.store, "select distinct src_port, dst_port from flows")
        self.assertEqual(found, [{"src_port": 443, "dst_port": 80}])

    def test_a_replay_begins_with_it_only_if_asked(self):
        with IpfixExporter() as exporter, self.collector() as collector:
            self.announce(collector, [exporter])
            self.assertEqual(collector.stop(), 0)
            capture = self.folder / "data.pcap"
            data = datagram("127.0.0.1", 50_000, "127.0.0.1", 4739, message(data_set(10)))
            write_pcap(capture, [(0, data)])
        weir("replay", capture, "--store", self.folder / "without")
        self.assertEqual(json.loads((self.folder / "without/ledger.json").read_text())["total"]["undecodable_sets"], 1)
        weir("replay", capture, "--store", self.folder / "with", "--state", self.file)
        self.assertEqual(json.loads((self.folder / "with/ledger.json").read_text())["total"]["rows_stored"], 10)
        text = weir("replay", capture, "--store", self.folder / "none", "--state", capture, status=1)
        self.assertIn("not a state of weir", text)

    def test_elsewhere_or_not_at_all(self):
        with IpfixExporter() as exporter:
            elsewhere = self.folder / "elsewhere.state"
            self.config.write_text(f'[templates]\nstate_file = "{elsewhere}"\n')
            with self.collector() as collector:
                self.announce(collector, [exporter])
                self.assertEqual(collector.stop(), 0)
            self.assertTrue(elsewhere.exists())
            self.assertFalse(self.file.exists())
            self.config.write_text('[templates]\nstate_file = ""\n')
            with self.collector() as collector:
                exporter.data(collector.port)
                self.assertEqual(collector.stop(), 0)
                self.assertEqual(collector.ledger()["total"]["undecodable_sets"], 1)
                self.assertEqual(collector.ledger()["templates"], {})

    def test_a_folder_that_cannot_be_written_is_said_and_survived(self):
        self.config.write_text('[templates]\nstate_file = "/proc/weir/state"\nsave_every = "100ms"\n')
        with IpfixExporter() as exporter, self.collector() as collector:
            self.announce(collector, [exporter])
            wait_for(lambda: collector.has_logged("a restart now would have to wait"), "the failure is logged")
            exporter.data(collector.port)
            self.assertEqual(collector.stop(), 0)
            self.assertEqual(collector.ledger()["total"]["rows_stored"], 10)
            self.assertGreater(collector.ledger()["templates"]["state_file"]["save_failures"], 0)


if __name__ == "__main__":
    unittest.main()
