#!/usr/bin/env python3
"""weir-host as its users see it: flags, paths, filters, sockets, formats, many clients, hostile clients."""

import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import exposition
from host_process import SANITIZED, WEIR_HOST, WeirHost, weir_host
from weir_process import DEADLINE, Case, wait_for

# What weir-host may have of memory of its own, with all default collectors.
OWN_MEMORY_KIB = 4 * 1024
# What a test of paths and sockets needs, not more.
FEW = ("--collector.disable-defaults", "--collector.loadavg", "--collector.filefd", "--collector.textfile")


class CommandLine(Case):
    def test_help_and_version(self):
        self.assertIn("--collector.filesystem.mount-points-exclude=REGEX", weir_host("--help"))
        self.assertIn("* loadavg", weir_host("-h"))
        self.assertRegex(weir_host("--version"), r"^weir-host \d")
        self.assertIn("| loadavg | yes |", weir_host("--collectors-markdown"))

    def test_print(self):
        families = exposition.parse(weir_host("--print").encode())
        self.assertIn("node_load1", families)
        self.assertIn("process_open_fds", families)
        families = exposition.parse(weir_host("--print", "--web.disable-exporter-metrics").encode())
        self.assertFalse([n for n in families if n.startswith(("process_", "weir_host_"))])
        self.assertIn("node_exporter_build_info", families)

    def test_collectors_are_turned_on_and_off(self):
        def on(*arguments):
            output = exposition.parse(weir_host("--print", *arguments).encode()).get("node_scrape_collector_success")
            return {dict(labels)["collector"] for labels in output.label_sets()} if output else set()

        self.assertEqual(on("--collector.disable-defaults", "--collector.loadavg"), {"loadavg"})
        self.assertEqual(on("--collector.loadavg", "--collector.disable-defaults"), {"loadavg"})
        self.assertEqual(on("--collector.disable-defaults"), set())
        self.assertNotIn("loadavg", on("--no-collector.loadavg"))
        self.assertNotIn("tcpstat", on())
        self.assertIn("tcpstat", on("--collector.tcpstat"))
        # The last one counts, as with node_exporter.
        self.assertIn("loadavg", on("--no-collector.loadavg", "--collector.loadavg"))

    def test_values_with_and_without_equals(self):
        for arguments in (("--path.procfs=/nowhere",), ("--path.procfs", "/nowhere")):
            families = exposition.parse(weir_host("--print", *FEW, *arguments).encode())
            self.assertEqual(families["node_scrape_collector_success"].value(collector="loadavg"), 0)

    def test_flags_of_node_exporter_that_mean_nothing_here(self):
        weir_host("--print", "--runtime.gomaxprocs=2", "--log.format", "json", "--collector.netdev.netlink", "--no-collector.ntp",
                  "--no-collector.netclass.netlink")

    def test_mistakes_are_told(self):
        for arguments, message in (
            (["--nonsense"], "there is no flag --nonsense"),
            (["--collector.nonsense"], "there is no flag --collector.nonsense"),
            (["--collector.ntp"], "there is no flag --collector.ntp"),
            (["--web.max-requests=x"], "'x' is not a number"),
            (["--web.max-requests=-1"], "'-1' is not a number"),
            (["--web.listen-address"], "--web.listen-address needs a value"),
            (["--collector.loadavg=1"], "--collector.loadavg takes no value"),
            (["--print=yes"], "--print takes no value"),
            (["metrics"], "'metrics' is not a flag"),
            (["--web.telemetry-path=metrics"], "is not a path"),
            (["--web.telemetry-path=/"], "is not a path"),
            (["--log.level=loud"], "--log.level"),
        ):
            self.assertIn(message, weir_host(*arguments, status=2))

    def test_a_start_that_fails_says_why(self):
        self.assertIn("collector diskstats", weir_host("--print", "--collector.diskstats.device-exclude=(", status=1))
        with WeirHost(*FEW) as host:
            self.assertIn(str(host.port), weir_host("--listen", f"127.0.0.1:{host.port}", status=1))
        self.assertIn("--web.systemd-socket", weir_host("--web.systemd-socket", status=1))

    def test_an_include_replaces_the_default_exclude(self):
        def mounts(*arguments):
            families = exposition.parse(weir_host("--print", "--collector.disable-defaults", "--collector.filesystem", *arguments).encode())
            family = families.get("node_filesystem_size_bytes")
            return {dict(labels)["mountpoint"] for labels in family.label_sets()} if family else set()

        self.assertNotIn("/proc", mounts("--collector.filesystem.fs-types-exclude=^$"))
        self.assertEqual(mounts("--collector.filesystem.fs-types-exclude=^$", "--collector.filesystem.mount-points-include=^/proc$"), {"/proc"})


class Paths(Case):
    def test_paths(self):
        with WeirHost(*FEW) as host:
            status, headers, body = host.get("/")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b'<a href="/metrics">', body)
            self.assertLess(len(body), 1024)
            for path in ("/-/healthy", "/-/ready"):
                self.assertEqual(host.get(path)[0], 200)
            for path in ("/stopme", "/metricsfoo", "/metrics/", "/index.html", "/debug/pprof/", "/favicon.ico", "//metrics", "/METRICS"):
                self.assertEqual(host.get(path)[0], 404, path)
            self.assertEqual(host.get("/metrics", method="POST")[0], 405)
            status, headers, body = host.get("/metrics", method="HEAD")
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["Content-Length"]), 100)
            self.assertIn("node_load1", host.scrape())

    def test_another_path(self):
        with WeirHost(*FEW, "--web.telemetry-path=/other") as host:
            self.assertEqual(host.get("/other")[0], 200)
            self.assertEqual(host.get("/metrics")[0], 404)
            self.assertIn(b'href="/other"', host.get("/")[2])

    def test_filters(self):
        with WeirHost(*FEW) as host:
            def collectors(query):
                family = host.scrape(query)["node_scrape_collector_success"]
                return {dict(labels)["collector"] for labels in family.label_sets()}

            self.assertEqual(collectors(""), {"loadavg", "filefd", "textfile"})
            self.assertEqual(collectors("?collect[]=loadavg"), {"loadavg"})
            self.assertEqual(collectors("?collect%5B%5D=loadavg&collect%5B%5D=filefd&collect[]=loadavg"), {"loadavg", "filefd"})
            self.assertEqual(collectors("?exclude[]=loadavg&exclude[]=loadavg"), {"filefd", "textfile"})
            self.assertEqual(collectors("?something=else"), {"loadavg", "filefd", "textfile"})
            only = host.scrape("?collect[]=filefd")
            self.assertNotIn("node_load1", only)
            self.assertIn("node_exporter_build_info", only)
            self.assertIn("process_max_fds", only)
            for query in ("?collect[]=loadavg&exclude[]=filefd", "?collect[]=nonsense", "?exclude[]=nonsense", "?collect[]=tcpstat", "?collect[]="):
                status, _, body = host.get("/metrics" + query)
                self.assertEqual(status, 400, query)
                self.assertLess(len(body), 200)

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with WeirHost(*FEW) as host:
                host.process.send_signal(signal.SIGHUP)
                host.scrape()
                self.assertEqual(host.stop(number), 0)
                self.assertIn("ended", host.log[-1])

    def test_a_scraper_without_time_gets_what_there_is(self):
        with WeirHost(*FEW) as host:
            status, _, body = host.get(headers={"X-Prometheus-Scrape-Timeout-Seconds": "0.000001"})
            families = exposition.parse(body)
            self.assertEqual(status, 200)
            self.assertEqual(families["node_scrape_collector_success"].value(collector="loadavg"), 0)
            self.assertEqual(families["weir_host_scrapes_partial_total"].value(), 1)
            # The next one, with time, is whole at once.
            status, _, body = host.get(headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
            self.assertEqual(exposition.parse(body)["node_scrape_collector_success"].value(collector="loadavg"), 1)


class Sockets(Case):
    def test_several_addresses(self):
        unix = self.folder / "host.sock"
        with WeirHost(*FEW, listen=("127.0.0.1:0", "[::1]:0", f"unix:{unix}")) as host:
            for address, port in (("127.0.0.1", host.ports[0]), ("::1", host.ports[1])):
                connection = http.client.HTTPConnection(address, port, timeout=DEADLINE)
                connection.request("GET", "/metrics")
                exposition.parse(connection.getresponse().read())
                connection.close()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(unix))
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: client.recv(65536), b""))
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"))
            exposition.parse(answer.split(b"\r\n\r\n", 1)[1])
            self.assertEqual(host.stop(), 0)
            self.assertFalse(unix.exists())

    def test_the_default_is_every_address(self):
        # Port 9100 may be in use here: then the message names it, which is as good a proof.
        process = subprocess.Popen([WEIR_HOST, *FEW], stderr=subprocess.PIPE, text=True)
        try:
            first = next(line for line in process.stderr if "sandbox" not in line)
            self.assertIn(":9100", first)
        finally:
            process.kill()
            process.communicate()

    def test_systemd_activation(self):
        # What systemd does: the sockets are descriptors 3 and up, LISTEN_PID is the process itself.
        launcher = ("import os, socket, sys\n"
                    "s = socket.create_server(('127.0.0.1', 0))\n"
                    "print('listening on handed:%d' % s.getsockname()[1], file=sys.stderr, flush=True)\n"
                    "os.dup2(s.fileno(), 3); os.set_inheritable(3, True)\n"
                    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
                    "os.execv(sys.argv[1], sys.argv[1:])\n")
        with WeirHost(*FEW, "--web.systemd-socket", listen=(), prefix=(sys.executable, "-c", launcher)) as host:
            wait_for(lambda: host.check_alive() or len([line for line in host.log if "listening on" in line]) == 2, "both lines")
            self.assertIn("node_load1", host.scrape())
            self.assertEqual(host.stop(), 0)


class TextFiles(Case):
    def test_files(self):
        (self.folder / "good.prom").write_text('# HELP mine It is.\n# TYPE mine gauge\nmine{a="\\"\\\\\\n"} 1\n')
        (self.folder / "clash.prom").write_text("node_load1 99\nnode_scrape_collector_success 99\nprocess_max_fds 99\nother 1\n")
        (self.folder / "bad.prom").write_text("}{\n")
        (self.folder / "ignored.txt").write_text("ignored 1\n")
        with WeirHost(*FEW, "--collector.textfile.directory", self.folder) as host:
            for _ in range(3):
                families = host.scrape()  # strict: one family in one place
                time.sleep(0.25)  # beyond what scrapes share
            self.assertEqual(families["mine"].samples, {("mine", frozenset({("a", '"\\\n')})): 1})
            self.assertEqual(families["other"].value(), 1)
            self.assertNotEqual(families["node_load1"].value(), 99)
            self.assertNotIn("ignored", families)
            self.assertEqual(families["node_textfile_scrape_error"].value(), 1)
            self.assertEqual(families["weir_host_refused_families"].value(), 3)
            self.assertEqual(len([line for line in host.log if "is a family of this program" in line]), 1, host.log)
            self.assertLessEqual(len([line for line in host.log if "bad.prom" in line]), 1, host.log)


class Formats(Case):
    def test_promtool_finds_nothing_in_our_own_and_only_names_in_node_exporters(self):
        text = weir_host("--print")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 1, done.stderr)
        for line in (done.stdout + done.stderr).splitlines():
            self.assertRegex(line, r"^node_\w+ (metric names should be written in 'snake_case' not 'camelCase'"
                             r"|use base unit \"bytes\" instead of \"bits\"|non-counter metrics should not have \"_total\" suffix"
                             r"|counter metrics should have \"_total\" suffix)|^$")
        own = "".join(line + "\n" for line in text.splitlines() if " node_" not in line[:8] and not line.startswith("node_"))
        self.assertIn("weir_host_scrapes_total", own)
        done = subprocess.run(["promtool", "check", "metrics"], input=own, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_openmetrics_by_a_parser_that_is_not_ours(self):
        sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, also for another Python
        from prometheus_client.openmetrics.parser import text_string_to_metric_families

        with WeirHost() as host:
            families = host.scrape()
            status, headers, body = host.get(headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
            self.assertEqual(headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
            parsed = {sample.name for family in text_string_to_metric_families(body.decode()) for sample in family.samples}
            self.assertEqual(parsed, {name for family in families.values() for name, _ in family.samples})

    def test_compressed(self):
        import gzip
        with WeirHost(*FEW) as host:
            plain = host.get(headers={"Accept-Encoding": "identity"})
            packed = host.get(headers={"Accept-Encoding": "gzip"})
            self.assertEqual(packed[1]["Content-Encoding"], "gzip")
            self.assertIsNone(plain[1]["Content-Encoding"])
            exposition.parse(gzip.decompress(packed[2]))
            self.assertLess(len(packed[2]), len(plain[2]))
            self.assertIsNone(host.get(headers={"Accept-Encoding": "gzip;q=0"})[1]["Content-Encoding"])


class Sandbox(Case):
    @staticmethod
    def status(host):
        lines = Path(f"/proc/{host.process.pid}/status").read_text().splitlines()
        return {line.split(":")[0]: line.split(":")[1].strip() for line in lines}

    def series(self, host):
        """What a scrape says, without values: names and labels, and the successes with theirs."""
        families = host.scrape()
        success = families["node_scrape_collector_success"].samples
        return {series for family in families.values() for series in family.samples}, success

    def test_a_scrape_is_the_same_with_it_and_without(self):
        everything = [f"--collector.{name}" for name in WeirHost.collectors()]
        with WeirHost(*everything) as inside, WeirHost("--no-sandbox", *everything) as outside:
            self.assertTrue([line for line in inside.log if "sandbox: system calls (seccomp)" in line], inside.log)
            self.assertEqual((self.status(inside)["Seccomp"], self.status(inside)["NoNewPrivs"]), ("2", "1"))
            self.assertEqual((self.status(outside)["Seccomp"], self.status(outside)["NoNewPrivs"]), ("0", "0"))
            for _ in range(5):  # processes, interfaces and mounts come and go
                (mine, success), (others, others_success) = self.series(inside), self.series(outside)
                if (mine, success) == (others, others_success):
                    break
                time.sleep(0.3)  # scrapes that follow closely get the same answer
            # What there is of each state and slab changes from moment to moment.
            lasting = lambda series: {s for s in series if not s[0].startswith(("node_processes_", "node_slabinfo_", "weir_slab_", "node_tcp_",
                                                                           "node_interrupts"))}
            self.assertEqual(lasting(mine), lasting(others))
            self.assertEqual(success, others_success)
            # Beyond the first scrape too: nothing was only open from before.
            time.sleep(0.25)
            self.assertEqual(self.series(inside)[1], success)

    def test_a_web_configuration_is_read_again_within_it(self):
        config = self.folder / "web.yml"
        config.write_text("{}\n")
        with WeirHost(*FEW, "--web.config.file", config) as host:
            self.assertEqual(host.get()[0], 200)
            other = self.folder / "new.yml"
            other.write_text("http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
            other.rename(config)
            wait_for(lambda: host.get()[1]["X-Frame-Options"] == "deny", "the new headers")

    @unittest.skipUnless(os.getuid() == 0, "needs root to become another user")
    def test_without_privileges(self):
        program = self.folder / "weir-host"
        shutil.copy(WEIR_HOST, program)
        self.folder.chmod(0o755)
        with WeirHost(program=program, user="nobody", group="nogroup", extra_groups=[]) as host:
            self.assertTrue([line for line in host.log if "these collectors may say nothing" in line], host.log)
            families = host.scrape()
            for name in ("cpu", "meminfo", "filesystem", "netdev", "diskstats", "loadavg", "stat"):
                self.assertEqual(families["node_scrape_collector_success"].value(collector=name), 1, name)


class ManyClients(Case):
    def test_200_scrapes_at_once_share_what_was_collected(self):
        with WeirHost() as host:
            collectors = len(host.scrape()["node_scrape_collector_success"].samples)
            time.sleep(0.3)  # beyond what scrapes share
            connections = [http.client.HTTPConnection("127.0.0.1", host.port, timeout=DEADLINE) for _ in range(200)]
            for connection in connections:
                connection.connect()
            before = host.scrape("?collect[]=loadavg")["weir_host_collections_total"].value()
            start = time.monotonic()
            for connection in connections:
                connection.request("GET", "/metrics")
            answers = [connection.getresponse() for connection in connections]
            bodies = {answer.read() for answer in answers}
            took = time.monotonic() - start
            self.assertEqual({answer.status for answer in answers}, {200})
            after = host.scrape("?collect[]=loadavg")["weir_host_collections_total"].value()
            for connection in connections:
                connection.close()
            # One collection for each 200 ms that the clients took, however many they were.
            rounds = 2 + int(took / 0.2)
            print(f"200 scrapes: {took * 1000:.0f} ms, {after - before:.0f} runs of {collectors} collectors, {len(bodies)} texts")
            self.assertLessEqual(after - before, rounds * collectors)
            self.assertLess(rounds, 50)

    @unittest.skipIf(SANITIZED, "the sanitizer's memory would be measured")
    def test_10_000_scrapes_leave_memory_where_it_was(self):
        with WeirHost() as host:
            headers = [{"Accept-Encoding": "gzip"}, {"Accept": "application/openmetrics-text"}, {"Accept-Encoding": "zstd"}, {}]

            def scrape(count):
                connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=DEADLINE)
                for i in range(count):
                    connection.request("GET", "/metrics", headers=headers[i % 4])
                    response = connection.getresponse()
                    response.read()
                    self.assertEqual(response.status, 200)
                    if i % 100 == 99:
                        connection.close()
                connection.close()

            # The tenth answer gives back the pages of the program's file; they come again when their code runs. What a collector does
            # most seldom, once in 60 collections, is to look again for what is not on this machine. After that nothing is new.
            for _ in range(70):
                scrape(40)
                time.sleep(0.21)
            before = host.own_memory_kib()
            scrape(10_000)
            after = host.own_memory_kib()
            print(f"10,000 scrapes: KiB before {before}, after {after}, with the pages of libraries {host.resident_kib()}")
            self.assertLessEqual(after["anonymous"], before["anonymous"] + 16)
            # Nothing more of the file either, but for what only load brings about: one fault maps 16 pages.
            self.assertLessEqual(after["program"], before["program"] + 64)
            self.assertGreater(after["program"], 0)
            self.assertLessEqual(sum(after.values()), OWN_MEMORY_KIB)


class Hostile(Case):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def scrape_while(self, host, attack, seconds, tries=1):
        """Scrapes while attack(stop) runs in a thread; the times of the scrapes, sorted. tries: how often one may be made, should its
        connection be closed before it is answered."""
        stop = threading.Event()
        times = []
        with ThreadPoolExecutor(4) as pool:
            running = pool.submit(attack, stop)
            try:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    start = time.monotonic()
                    for left in reversed(range(tries)):
                        try:
                            host.scrape()
                            break
                        except ConnectionError:
                            if left == 0:
                                raise
                    times.append(time.monotonic() - start)
                    time.sleep(0.25)
            finally:
                stop.set()
            attacked = running.result()
        times.sort()
        print(f"{self.id().split('.')[-1]}: {attacked:,} times; {len(times)} scrapes, median {times[len(times) // 2] * 1000:.1f} ms, "
              f"longest {times[-1] * 1000:.1f} ms")
        host.check_alive()
        return times

    def test_slowloris(self):
        with WeirHost() as host:
            def attack(stop):
                clients = []
                while len(clients) < 2000 and not stop.is_set():
                    client = socket.create_connection(("127.0.0.1", host.port))
                    client.setblocking(False)
                    clients.append(client)
                    self.trickle(client, b"GET /metrics HTTP/1.1\r\nX-A: ")
                while not stop.is_set():
                    for client in clients:
                        self.trickle(client, b"a")
                    stop.wait(0.2)
                for client in clients:
                    client.close()
                return len(clients)

            self.scrape_while(host, attack, 5)
            if not SANITIZED:
                self.assertLess(host.resident_kib(), 16 * 1024)
            families = host.scrape()
            print({dict(l)["reason"]: v for (_, l), v in families["weir_host_http_connections_closed_total"].samples.items() if v})

    @staticmethod
    def trickle(client, data):
        try:
            client.send(data)
        except OSError:
            pass

    def test_64_descriptors_and_100_clients(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        with WeirHost(preexec_fn=limit) as host:
            host.scrape()

            def attack(stop):
                rounds = 0
                while not stop.is_set():
                    clients = []
                    for _ in range(100):
                        client = socket.create_connection(("127.0.0.1", host.port))
                        client.setblocking(False)
                        self.trickle(client, b"GET ")
                        clients.append(client)
                    stop.wait(0.5)
                    for client in clients:
                        client.close()
                    rounds += 100
                return rounds

            # A hundred that come at once may push out one that has connected and not sent its request yet.
            self.scrape_while(host, attack, 4, tries=3)
            families = host.scrape()
            self.assertLessEqual(families["process_open_fds"].value(), 64)
            self.assertEqual(families["node_scrape_collector_success"].value(collector="loadavg"), 1)

    def test_malformed_requests(self):
        shapes = [b"a" * 2048, b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), b"\x00" * 64,
                  b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                  b"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                  b"GET /metrics?collect[]=%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n" * 5000, b"G\nE\nT\n"]
        with WeirHost() as host:
            def attack(stop):
                count = 0
                while not stop.is_set():
                    try:
                        with socket.create_connection(("127.0.0.1", host.port), timeout=DEADLINE) as client:
                            client.sendall(shapes[count % len(shapes)])
                            if count % 3:
                                client.shutdown(socket.SHUT_WR)
                                client.recv(4096)
                    except ConnectionError:
                        pass
                    count += 1
                return count

            self.scrape_while(host, attack, 5)
            self.assertEqual(host.stop(), 0)


if __name__ == "__main__":
    unittest.main()
