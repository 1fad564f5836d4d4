"""/metrics of weir collect: the ledger as Prometheus sees it, health, and refusing load when memory is above its limit."""

import http.client
import re
import subprocess
import unittest
from pathlib import Path

import exposition
from prometheus_client.openmetrics import parser as openmetrics
from weir_process import Case, Collector, Exporter, wait_for


class Served(Collector):
    """weir collect with an HTTP server on a port that the kernel chose."""

    def __init__(self, store, *arguments, **options):
        super().__init__(store, "--http-listen", "127.0.0.1:0", *arguments, **options)
        self.http_port = int(next(m[1] for line in self.log if (m := re.search(r"serving metrics on .*:(\d+)$", line))))

    def get(self, path, accept=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        try:
            connection.request(method, path, headers={"Accept": accept} if accept else {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def metrics(self):
        status, headers, body = self.get("/metrics")
        assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        return exposition.parse(body)


def value(families, name, **labels):
    family = families.get(name)
    return family.samples.get((name, frozenset(labels.items())), 0) if family else 0


class Metrics(Case):
    def test_the_ledger_adds_up(self):
        with Served(self.folder / "store", "--flush-interval", "1s") as collector:
            with Exporter(collector.port) as a, Exporter(collector.port, "127.0.0.2") as b:
                a.send(40)
                b.send(10, 7)
                b.socket.send(b"\x00\x63 nothing that we know")
            families = wait_for(lambda: (m := collector.metrics()) and value(m, "weir_stored_flows_total", exporter="127.0.0.1") == 1200
                                and value(m, "weir_stored_flows_total", exporter="127.0.0.2") == 70 and m, "the flows are stored")
            self.assertEqual(value(families, "weir_received_datagrams_total", exporter="127.0.0.1"), 40)
            self.assertEqual(value(families, "weir_received_datagrams_total", exporter="127.0.0.2"), 11)
            self.assertEqual(value(families, "weir_decoded_datagrams_total", exporter="127.0.0.2"), 10)
            self.assertEqual(value(families, "weir_rejected_datagrams_total", exporter="127.0.0.2"), 1)
            self.assertEqual(value(families, "weir_anomalies_total", exporter="127.0.0.2", reason="unknown_version"), 1)
            self.assertEqual(value(families, "weir_flows_in_flight"), 0)
            self.assertEqual(value(families, "weir_datagram_decode_seconds_bucket", le="+Inf"), 0)
            decode = families["weir_datagram_decode_seconds"].samples
            self.assertEqual(decode[("weir_datagram_decode_seconds_count", frozenset())], 51)
            self.assertGreater(value(families, "weir_store_segments_written_total"), 0)
            self.assertGreater(value(families, "process_resident_memory_bytes"), 1 << 20)
            self.assertEqual([*families["weir_build_info"].samples.values()], [1])

    def test_formats_by_other_parsers(self):
        with Served(self.folder / "store") as collector:
            with Exporter(collector.port) as exporter:
                exporter.send(1)
            wait_for(lambda: value(collector.metrics(), "weir_received_datagrams_total", exporter="127.0.0.1"), "it is counted")
            _, _, text = collector.get("/metrics")
            lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
            self.assertEqual((lint.returncode, lint.stderr, lint.stdout), (0, b"", b""))
            status, headers, body = collector.get("/metrics", "application/openmetrics-text;version=1.0.0")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
            names = {family.name for family in openmetrics.text_string_to_metric_families(body.decode())}
            self.assertIn("weir_received_datagrams", names)
            self.assertIn("weir_datagram_decode_seconds", names)

    def test_documentation_lists_all(self):
        documented = set(re.findall(r"^\| `(weir_\w+)`", (Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(), re.M))
        config = self.folder / "weir.toml"
        config.write_text('[templates]\nredis = "redis://127.0.0.1:1"\n[store]\njournal = true\n')
        with Served(self.folder / "store", config=config) as collector:
            with Exporter(collector.port) as exporter:
                exporter.send(1)
                exporter.socket.send(b"\x00\x63 nothing that we know")
            families = wait_for(lambda: (m := collector.metrics()) and value(m, "weir_rejected_datagrams_total", exporter="127.0.0.1") and m, "it is counted")
        served = {name for name in families if name.startswith("weir_") and not name.startswith("weir_http_")}
        # No exporter here tells its sampling rate.
        self.assertEqual(served, documented - {"weir_exporter_sampling_rate"})

    def test_paths(self):
        with Served(self.folder / "store") as collector:
            for path, expected in [("/", 200), ("/-/healthy", 200), ("/-/ready", 200), ("/stopme", 404), ("/metrics/", 404), ("/metricsfoo", 404)]:
                self.assertEqual(collector.get(path)[0], expected, path)
            self.assertEqual(collector.get("/metrics", method="POST")[0], 405)
            status, headers, body = collector.get("/metrics", method="HEAD")
            self.assertEqual((status, body), (200, b""))
            self.assertEqual(collector.stop(), 0)

    def test_memory_above_its_limit_refuses_and_counts(self):
        config = self.folder / "weir.toml"
        config.write_text('[limits]\nmemory = "16MiB"\n')
        with Served(self.folder / "store", config=config) as collector:
            wait_for(lambda: value(collector.metrics(), "weir_memory_refusing"), "memory is above 16 MiB")
            with Exporter(collector.port) as exporter:
                exporter.send(5)
                counted = wait_for(lambda: (m := collector.metrics()) and value(m, "weir_rejected_datagrams_total", exporter="other") == 5 and m, "all are refused")
                self.assertEqual(value(counted, "weir_anomalies_total", exporter="other", reason="memory_limit"), 5)
                self.assertEqual(value(counted, "weir_memory_limit_bytes"), 16 << 20)
                # More memory allowed: receiving goes on, without a restart.
                config.write_text('[limits]\nmemory = "8GiB"\n')
                collector.kill(1)
                wait_for(lambda: not value(collector.metrics(), "weir_memory_refusing"), "receiving goes on")
                exporter.send(3)
                wait_for(lambda: value(collector.metrics(), "weir_decoded_flows_total", exporter="127.0.0.1") == 90, "they are decoded")
            self.assertEqual(collector.stop(), 0)
            self.assertAddsUp(collector.ledger())
            self.assertEqual(collector.ledger()["total"]["datagrams_received"], 8)
            self.assertTrue(collector.has_logged("limits.memory allows 16 MiB"))

    def test_a_flood_of_one_new_source_is_held_to_its_rate(self):
        """The victim is known: it has a rate. Then the limit goes, without a restart."""
        config = self.folder / "weir.toml"
        known = '[[sampling]]\nexporter = "127.0.0.1"\nrate = 100\n'
        config.write_text("[limits]\ndatagrams_per_second = 1\n" + known)
        with Served(self.folder / "store", config=config) as collector, Exporter(collector.port) as victim, \
                Exporter(collector.port, "127.0.0.3") as flood, Exporter(collector.port, "127.0.0.4") as junk:
            of = lambda name, source, **labels: value(collector.metrics(), f"weir_{name}_total", exporter=source, **labels) or 0
            for _ in range(20):
                flood.send(50)
                victim.send(5)
            wait_for(lambda: of("decoded_flows", "127.0.0.1") == victim.flows, "the victim loses nothing")
            wait_for(lambda: of("decoded_datagrams", "127.0.0.3") + of("rejected_datagrams", "127.0.0.3") == 1000, "the flood is counted")
            # What came through is what the seconds of this test allow, whatever the machine.
            refused = of("rejected_datagrams", "127.0.0.3")
            self.assertGreater(refused, 0)
            self.assertEqual(of("anomalies", "127.0.0.3", reason="source_over_rate"), refused)
            config.write_text(known)
            collector.kill(1)
            wait_for(lambda: collector.has_logged("configuration reloaded"), "the limit is gone")
            # Junk proves nobody: with the limit, it would take minutes until so much of it is looked at.
            send_junk = lambda: [junk.socket.send(b"junk") for _ in range(200)]
            wait_for(lambda: send_junk() and of("anomalies", "other", reason="unknown_version") > 150, "everything is looked at")
            self.assertEqual(collector.stop(), 0)
            self.assertAddsUp(collector.ledger())

    def test_a_port_in_use_is_named(self):
        with Served(self.folder / "one") as first:
            second = Collector(self.folder / "two", "--http-listen", f"127.0.0.1:{first.http_port}", wait=False)
            with second:
                self.assertEqual(second.join(), 1)
                self.assertTrue(second.has_logged(f"127.0.0.1:{first.http_port}"), second.log)


if __name__ == "__main__":
    unittest.main()
