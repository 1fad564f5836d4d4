"""Collectors behind one address decode each other's exporters, through a real Redis server on loopback."""

import json
import shutil
import socket
import subprocess
import threading
import time
import unittest

from ipfix import IpfixExporter, PORTS_REVERSED, sampling_sets, template_set
from weir_process import DEADLINE, Case, Collector, rows, wait_for


class Redis:
    """redis-server on a port of its own, with nothing on the disk."""

    def __init__(self, folder, port=None, password=None, options=()):
        self.folder, self.password = folder, password
        self.port = port or free_port()
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--dir", str(folder), *map(str, options)]
        if password:
            command += ["--requirepass", password]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is None and self.answers(), "redis-server answers")

    def answers(self):
        try:
            return self.command("PING") in (b"+PONG\r\n",)
        except OSError:
            return False

    def command(self, *arguments):
        """One command; the first part of its answer as it is on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as s:
            lines = []
            for words in ([("AUTH", self.password)] if self.password else []) + [arguments]:
                words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
                s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
                lines.append(s.recv(65536))
            return lines[-1]

    def has(self, key):
        return self.command("EXISTS", key) == b":1\r\n"

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class HostileRedis:
    """Answers the greeting of each connection as a Redis does, and everything after it with `answer(socket)`."""

    def __init__(self, answer):
        self.answer = answer
        self.answered = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            with peer:
                for reply in (b"+OK\r\n", b"$3\r\n1-1\r\n"):  # SELECT, XADD
                    peer.recv(65536)
                    peer.sendall(reply)
                peer.recv(65536)
                self.answered.set()
                self.answer(peer)
        except OSError:
            pass

    def stop(self):
        self.socket.close()


class WithRedis(Case):
    KEY = "weir:1:t:127.0.0.1:0:ipfix:256"

    def collector(self, name, url, **keys):
        config = self.folder / f"{name}.toml"
        config.write_text(f'[templates]\nstate_file = ""\nredis = "{url}"\n' +
                          "".join(f"{key} = {json.dumps(str(value) if not isinstance(value, bool) else value)}\n" for key, value in keys.items()))
        return Collector(self.folder / name, config=config)


class Hostile(WithRedis):
    """No server keeps the collector from receiving, takes its memory, or keeps it from ending."""

    def against(self, answer):
        server = HostileRedis(answer)
        self.addCleanup(server.stop)
        return server

    def drip(self, peer):
        peer.sendall(b"$1000000\r\n")
        while True:
            peer.sendall(b"x")
            time.sleep(0.05)  # the pace of this server

    def test_an_answer_that_drips_is_given_up(self):
        server = self.against(self.drip)
        with self.collector("a", server.url) as a, IpfixExporter() as exporter:
            exporter.template(a.port)
            exporter.data(a.port, 10)
            wait_for(lambda: a.has_logged("no answer in time"), "the whole answer has one deadline")
            exporter.data(a.port, 10)
            self.assertEqual(a.stop(), 0, a.log)
            self.assertEqual(a.ledger()["total"]["rows_stored"], 20)

    def test_the_end_does_not_wait_for_an_answer(self):
        server = self.against(self.drip)
        with self.collector("a", server.url) as a, IpfixExporter() as exporter:
            exporter.template(a.port)
            exporter.data(a.port, 10)
            self.assertTrue(server.answered.wait(DEADLINE))
            self.assertEqual(a.stop(), 0, a.log)
            self.assertEqual(a.ledger()["total"]["rows_stored"], 10)

    def test_a_flood_of_values_takes_no_memory(self):
        server = self.against(lambda peer: peer.sendall(b"*8000000\r\n" + 8_000_000 * b"*0\r\n"))
        with self.collector("a", server.url) as a, IpfixExporter() as exporter:
            exporter.template(a.port)
            exporter.data(a.port, 10)
            wait_for(lambda: a.has_logged("more than 10000 values"), "the answer is refused")
            with open(f"/proc/{a.process.pid}/status") as status:
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
            self.assertLess(peak, 300 * 1024, "KiB")
            self.assertEqual(a.stop(), 0, a.log)
            self.assertEqual(a.ledger()["total"]["rows_stored"], 10)


@unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
class Sharing(WithRedis):
    def redis(self, **options):
        server = Redis(self.folder, **options)
        self.addCleanup(server.stop)
        return server

    def pair(self, url):
        return self.collector("a", url), self.collector("b", url)

    def stored(self, collector):
        self.assertEqual(collector.stop(), 0, collector.log)
        ledger = collector.ledger()
        self.assertAddsUp(ledger)
        return ledger["total"]["rows_stored"]

    def ledger_of(self, collector):
        return (collector.ledger() or {}).get("templates", {}).get("redis", {})

    def decoded_early(self, collector):
        return (collector.ledger() or {"total": {}})["total"].get("early_sets_decoded", 0)

    def test_templates_to_one_data_to_the_other(self):
        redis = self.redis()
        a, b = self.pair(f"redis://127.0.0.1:{redis.port}/0")
        with a, b, IpfixExporter() as exporter:
            exporter.send(a.port, template_set() + sampling_sets(100), 1)
            wait_for(lambda: redis.has(self.KEY), "A has published")
            wait_for(lambda: redis.has("weir:1:o:127.0.0.1"), "A has published the sampling rate")
            exporter.data(b.port, 10)
            wait_for(lambda: self.decoded_early(b) == 1, "B has decoded what waited")
            exporter.data(b.port, 10)
            self.assertEqual(self.stored(b), 20)
            self.assertEqual(self.stored(a), 0)
            self.assertGreaterEqual(a.ledger()["templates"]["redis"]["published"], 2)
            self.assertGreaterEqual(b.ledger()["templates"]["redis"]["fetched"], 1)
            self.assertEqual(b.ledger()["total"]["templates_received"], 0)
            self.assertIn("fetched from Redis", b.output)
        found = rows("sql", "--store", self.folder / "b", "select distinct src_port, dst_port, sampling_rate from flows")
        self.assertEqual(found, [{"src_port": 80, "dst_port": 443, "sampling_rate": 100}])

    def test_data_first_and_a_change_of_layout(self):
        redis = self.redis()
        a, b = self.pair(f"redis://127.0.0.1:{redis.port}")
        with a, b, IpfixExporter() as exporter:
            exporter.data(b.port, 10)
            wait_for(lambda: self.ledger_of(b).get("requests"), "B has asked in vain")
            exporter.template(a.port)
            wait_for(lambda: self.decoded_early(b) == 1, "B has heard of it")
            fetched = self.ledger_of(b)["fetched"]
            exporter.template(a.port, PORTS_REVERSED)
            wait_for(lambda: self.ledger_of(b)["fetched"] > fetched, "B has heard of the change")
            wait_for(lambda: exporter.data(b.port, 1) or self.reversed_rows(), "B reads with the new layout")
            self.stored(b)

    def reversed_rows(self):
        return rows("sql", "--store", self.folder / "b", "select 1 as x from flows where src_port = 443")

    def test_redis_comes_later_goes_and_comes_back_empty(self):
        port = free_port()
        a, b = self.pair(f"redis://127.0.0.1:{port}")
        with a, b, IpfixExporter() as exporter:
            wait_for(lambda: a.has_logged("works on alone") and b.has_logged("works on alone"), "both say so")
            exporter.template(a.port)
            exporter.data(b.port, 10)
            redis = self.redis(port=port)
            wait_for(lambda: self.decoded_early(b) == 1, "B has caught up")
            redis.stop()
            wait_for(lambda: not self.ledger_of(b)["connected"], "B has lost it")
            exporter.data(a.port, 5)  # works on alone
            redis = self.redis(port=port)
            wait_for(lambda: redis.has(self.KEY), "what is known is published again")
            self.assertEqual(self.stored(b), 10)
            self.assertEqual(self.stored(a), 5)
            self.assertEqual(len([line for line in b.log if "works on alone" in line]), 2, "once each time")

    def test_garbage_in_the_keys(self):
        redis = self.redis()
        redis.command("SET", self.KEY, b"\0garbage\r\n")
        redis.command("LPUSH", "weir:1:o:127.0.0.1", "x")
        redis.command("SET", "weir:1:events", "not a stream")
        a, b = self.pair(f"redis://127.0.0.1:{redis.port}")
        with a, b, IpfixExporter() as exporter:
            exporter.data(b.port, 10)
            wait_for(lambda: self.ledger_of(b).get("errors"), "B has found garbage")
            redis.command("XADD", "weir:1:events", "*", "from", "me", "state", b"WEIRSTAT\0\0\0\2garbage")
            redis.command("XADD", "weir:1:events", "*", "x", "y")
            exporter.template(a.port)
            wait_for(lambda: self.decoded_early(b) == 1, "A has put it right")
            self.assertEqual(self.stored(b), 10)

    def test_password(self):
        redis = self.redis(password="gre@t:secret")
        good = f"redis://:gre%40t:secret@127.0.0.1:{redis.port}"
        wrong = f"redis://:wr0ngsecret@127.0.0.1:{redis.port}"
        with self.collector("a", good) as a, self.collector("c", wrong) as c, IpfixExporter() as exporter:
            exporter.template(a.port)
            wait_for(lambda: redis.has(self.KEY), "A is let in")
            wait_for(lambda: c.has_logged("refuses the login"), "C is not, and says so")
            self.stored(a)
            self.stored(c)
            for collector in (a, c):
                self.assertNotIn("secret", "\n".join(collector.log) + collector.output)


if __name__ == "__main__":
    unittest.main()
